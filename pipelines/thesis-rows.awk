# The data set and model, with ":" between, of each row of thesis.tsv that is wanted, each once; with
# sets=1 of thesis-sets.tsv the data set alone.
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
    made = sets ? $3 : $3 ":" $5
    if ($1 in table && name[1] in family && !(made in seen)) {
        seen[made] = 1
        print made
    }
}
