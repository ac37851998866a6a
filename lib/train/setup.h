/* The model of a run, opened once the stream has given its users and items: what it may know of the
 * data, its first weights, among which items it ranks, and whatever learns, keeps and shows it. */
#ifndef TRAIN_SETUP_H
#define TRAIN_SETUP_H

#include "train/run.h"

/* Opens model, learner, best and watch; the run is `learning` from here on.  64: the model cannot
 * learn from these batches; 65: the stream, a model file or --init does not fit. */
int setup_model(struct training *t, struct err *e);

/* What the rows of the model's items and users are called. */
struct model_names setup_names(const struct training *t);

#endif
