/* Events of a batch by number: those of its sessions from 0 on, then those of their earlier
 * sessions. */
#ifndef MODEL_BATCH_EVENTS_H
#define MODEL_BATCH_EVENTS_H

#include "model/model.h"

/* The number of the first event of an earlier session. */
static inline int32_t batch_first_earlier(const struct batch *b)
{
    return (int32_t)b->item.len;
}

/* Items of the events, host [n].  Where the device has the sessions, a step that uses them on it
 * sends only where runs of them begin. */
const int32_t *batch_items(struct tape *t, const struct batch *b, const int32_t *event, int n);

/* The same of the codes of context k, for events of the batch's own sessions. */
const int32_t *batch_codes(struct tape *t, const struct batch *b, int k, const int32_t *event,
                           int n);

#endif
