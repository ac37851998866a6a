/* Reads streams of predictions into figures of their attention and a page with their scores. */
#ifndef VIZ_ATTENTION_READER_H
#define VIZ_ATTENTION_READER_H

#include "eval/report_reader.h"
#include "viz/render.h"

struct attention_reader {
    struct render render;   /* what to show and how: set before */
    struct scoring scoring; /* set before: what the best epochs are chosen by */
    struct report report;
    struct report_reader reader;
};

/* Reads all runs of the stream.  Each is drawn as it ends, the page's scores when all are known. */
int attention_reader_read(struct attention_reader *a, struct predictions_in *in, struct err *e);
void attention_reader_release(struct attention_reader *a);

#endif
