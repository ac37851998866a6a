/* From streams of predictions to what is shown of their attention and their scores. */
#ifndef VIZ_READ_H
#define VIZ_READ_H

#include "eval/report.h"
#include "stream/record.h"
#include "viz/render.h"

struct showing {
    struct render exhibit;  /* what is to be shown of it, and how, is set before */
    struct scoring scoring; /* likewise: what the best epochs are chosen by */
    struct report report;
    struct model_name chain; /* of the run that begins */
    struct scored_run *run;  /* the one in hand */
    struct buf unused;       /* rows of the report: its names and scores alone are wanted */
};

/* Reads all runs of the stream: each is drawn as it ends, the page's scores when all are known. */
int showing_read(struct showing *s, struct predictions_in *in, struct err *e);
void showing_release(struct showing *s);

#endif
