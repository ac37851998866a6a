/* Lists of items in a field. */
#include "data/item_list.h"

#include "../tap.h"

/* The items of the list, in "<" and ">". */
static const char *items_of(const char *text, char delimiter)
{
    static struct buf shown;
    item_vec items = {0};
    buf_clear(&shown);
    if (!item_list_split(bytes_of(text), delimiter, &items))
        buf_text(&shown, "a list in it after ");
    for (size_t i = 0; i < items.len; i++)
        buf_format(&shown, "<%.*s>", (int)items.at[i].len, items.at[i].at);
    buf_byte(&shown, '\0');
    vec_release(&items);
    return shown.at;
}

static void split(void)
{
    static const struct {
        const char *text, *items;
        char delimiter;
    } cases[] = {
        {"a|b|c", "<a><b><c>", '|'},
        {"a", "<a>", '|'},
        {"", "", '|'},
        {"|", "", '|'},
        {"|a||b|", "<a><b>", '|'},
        {" a b | c ", "<a b><c>", '|'},
        {"5 7  9", "<5><7><9>", ' '},
        {"\ta\t| b", "<a><b>", '|'},
        {"a\tb", "<a><b>", '\t'},
        {"a b,c", "<a b,c>", '\0'},
        {"[5, 7, 9]", "<5><7><9>", '|'},
        {" [5,7] ", "<5><7>", '|'},
        {"(5, 7,)", "<5><7>", '\0'},
        {"{5 7}", "<5><7>", '\0'},
        {"[ 5  7\n  9 11]", "<5><7><9><11>", '|'},
        {"[\r\n  5,\r\n  'a\nb'\r\n]", "<5><a\nb>", '|'},
        {"[\n \n]", "", '|'},
        {"[]", "", '|'},
        {"[ ]", "", '|'},
        {"['a', \"b\"]", "<a><b>", '|'},
        {"['a, b', 'c']", "<a, b><c>", '|'},
        {"['a'\t'b']", "<'a'\t'b'>", '|'},
        {"['it's', x]", "<'it's'><x>", '|'},
        {"['a, b]", "<'a><b>", '|'},
        {"[', a]", "<'><a>", '|'},
        {"['', a]", "<a>", '|'},
        {"[5, 7", "<[5, 7>", '|'},
        {"[[5, 7], [9]]", "a list in it after ", '|'},
        {"[5, (7, 9)]", "a list in it after <5>", '|'},
        {"['[5]', a[7]]", "<[5]><a[7]>", '|'},
        {"5|[7]", "<5><[7]>", '|'},
        {"(5, 7]", "<(5, 7]>", '|'},
        {"{5, 7]", "<{5, 7]>", '|'},
        {"[5, , 7]", "<5><7>", '|'},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = items_of(cases[i].text, cases[i].delimiter);
        tap_ok(!strcmp(got, cases[i].items), "%s: %s", cases[i].text, got);
    }
}

static void delimiters(void)
{
    tap_ok(item_list_delimiter(bytes_of("a b,c;d|e")) == '|' &&
               item_list_delimiter(bytes_of("a b,c;d")) == ';' &&
               item_list_delimiter(bytes_of("a b,c")) == ',' &&
               item_list_delimiter(bytes_of("a b\tc")) == '\t' &&
               item_list_delimiter(bytes_of("a b")) == ' ' && !item_list_delimiter(bytes_of("a")) &&
               !item_list_delimiter(bytes_of("")),
           "what separates items");
    tap_ok(item_list_is_bracketed(bytes_of(" [a] ")) && item_list_is_bracketed(bytes_of("()")) &&
               !item_list_is_bracketed(bytes_of("[")) && !item_list_is_bracketed(bytes_of("[a)")) &&
               !item_list_is_bracketed(bytes_of("")),
           "brackets");
}

int main(void)
{
    split();
    delimiters();
    return tap_done();
}
