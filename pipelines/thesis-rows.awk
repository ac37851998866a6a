# The data set and model, with ":" between, of each row of thesis.tsv that is wanted, each once.
BEGIN {
    n = split(tables, word, " ")
    for (i = 1; i <= n; i++)
        table[word[i]] = 1
    n = split(families, word, " ")
    for (i = 1; i <= n; i++)
        family[word[i]] = 1
}
/^#/ || $1 == "table" { next }
{
    split($3, name, "-")
    if ($1 in table && name[1] in family && !(($3 ":" $5) in seen)) {
        seen[$3 ":" $5] = 1
        print $3 ":" $5
    }
}
