/* Lists of items that are written in one field of a log: "a|b|c", "[5, 7, 9]", "['a', 'b']". */
#ifndef DATA_ITEM_LIST_H
#define DATA_ITEM_LIST_H

#include <stdbool.h>

#include "base/buf.h"

typedef VEC(struct bytes) item_vec;

/* Whether the list is in brackets of any kind. */
bool item_list_is_bracketed(struct bytes field);

/* What separates items that are in no brackets, by the first that a list has of | ; , a tab and a
 * blank; NUL: the field has none of them. */
char item_list_delimiter(struct bytes field);

/* Appends the items of the list, which point into the field.  One in brackets has commas between
 * its items, or if it has none blanks and line ends, and its items may be quoted; of any other it
 * is `delimiter`, NUL where nothing separates them.  Blanks around an item, and in brackets line
 * ends, are not part of it, and an empty item is none.  False: an item in the brackets begins with
 * a bracket, and is a list itself. */
bool item_list_split(struct bytes field, char delimiter, item_vec *items);

#endif
