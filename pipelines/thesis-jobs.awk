# usage: awk -f thesis-jobs.awk JOBS-BEFORE JOBS JOBLOG
#
# Rewrites the log of GNU parallel, which identifies runs by their line in the list, for a new list:
# keeps the runs that succeeded, are in the new list with the same settings, and have a result newer
# than the data.  parallel --resume makes the others.
BEGIN { FS = OFS = "\t" }
FNR == 1 { list++ }
list == 1 { before[FNR] = $0 }
list == 2 {
    line[$0] = FNR
    result[$0] = $1
    data[$0] = $1
    sub(/[^\/]*$/, "split.mp", data[$0])
}
list == 3 && FNR == 1 { print }
list == 3 && FNR > 1 {
    job = before[$1]
    if ($7 == 0 && job in line && system("test '" result[job] "' -nt '" data[job] "'") == 0) {
        $1 = line[job]
        print
    }
}
