#include "data/item_list.h"

#include "base/text_fields.h"

char item_list_delimiter(struct bytes field)
{
    for (const char *at = "|;,\t "; *at; at++)
        if (field.len && memchr(field.at, *at, field.len))
            return *at;
    return '\0';
}

bool item_list_is_bracketed(struct bytes field)
{
    struct bytes text = field_trimmed(field);
    if (text.len < 2)
        return false;
    char first = *text.at, last = text.at[text.len - 1];
    return (first == '[' && last == ']') || (first == '(' && last == ')') ||
           (first == '{' && last == '}');
}

static void push_item(item_vec *items, struct bytes item)
{
    if (item.len)
        vec_push(items, item);
}

static void split_at(struct bytes text, char delimiter, item_vec *items)
{
    const char *stop;
    while (delimiter && text.len && (stop = memchr(text.at, delimiter, text.len))) {
        push_item(items, field_trimmed((struct bytes){text.at, (size_t)(stop - text.at)}));
        text = (struct bytes){stop + 1, text.len - (size_t)(stop + 1 - text.at)};
    }
    push_item(items, field_trimmed(text));
}

/* The quote that ends the item whose first byte is one, or NULL. */
static const char *closing_quote(struct bytes text)
{
    bool quoted = text.len && (*text.at == '\'' || *text.at == '"');
    return quoted ? memchr(text.at + 1, *text.at, text.len - 1) : NULL;
}

/* Lists in brackets may go on in the next line, as NumPy writes long ones. */
static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* Without blanks and line ends around it. */
static struct bytes trimmed(struct bytes text)
{
    size_t before;
    do {
        text = field_trimmed(text);
        before = text.len;
        if (text.len && ends_line(*text.at))
            text = (struct bytes){text.at + 1, text.len - 1};
        if (text.len && ends_line(text.at[text.len - 1]))
            text.len--;
    } while (text.len < before);
    return text;
}

/* What is in brackets: of a quoted item what is between its quotes.  False: an item is a list. */
static bool split_bracketed(struct bytes text, item_vec *items)
{
    char delimiter = memchr(text.at, ',', text.len) ? ',' : ' ';
    while ((text = trimmed(text)).len) {
        const char *end = text.at + text.len, *quote = closing_quote(text);
        const char *stop = quote ? quote + 1 : text.at;
        while (stop < end && *stop != delimiter && !(delimiter == ' ' && ends_line(*stop)))
            stop++;
        struct bytes item = trimmed((struct bytes){text.at, (size_t)(stop - text.at)});
        bool whole = quote && quote + 1 == item.at + item.len;
        if (item.len && memchr("[({", *item.at, 3))
            return false;
        push_item(items, whole ? (struct bytes){item.at + 1, item.len - 2} : item);
        text.at = stop < end ? stop + 1 : end;
        text.len = (size_t)(end - text.at);
    }
    return true;
}

bool item_list_split(struct bytes field, char delimiter, item_vec *items)
{
    field = field_trimmed(field);
    if (item_list_is_bracketed(field))
        return split_bracketed((struct bytes){field.at + 1, field.len - 2}, items);
    split_at(field, delimiter, items);
    return true;
}
