# usage: spcat --users tsv SPLIT.MP | awk -v name=NAME -f thesis-users.awk
#
# Draws how many users are where, by their sessions and the mean length of these, with the means of both
# over all users: figure 5.1 of the thesis in characters.  Both axes are logarithmic.

function column(sessions) { return int((WIDTH - 1) * log(sessions) / log(most_sessions + 1)) }
function row(mean) { return int((HEIGHT - 1) * log(mean) / log(longest + 1)) }
function mark(users) { return users > 99 ? "#" : users > 9 ? "+" : users ? "." : "" }

BEGIN {
    WIDTH = 64
    HEIGHT = 20
    FS = "\t"
    users = 0
}
NR > 1 {
    sessions[users] = $2
    length_of[users++] = $3
}
END {
    for (u = 0; u < users; u++) {
        all_sessions += sessions[u]
        all_lengths += length_of[u]
        most_sessions = sessions[u] > most_sessions ? sessions[u] : most_sessions
        longest = length_of[u] > longest ? length_of[u] : longest
    }
    if (!users)
        exit
    mean_sessions = all_sessions / users
    mean_length = all_lengths / users
    for (u = 0; u < users; u++) {
        at[row(length_of[u]), column(sessions[u])]++
        group[length_of[u] > mean_length, sessions[u] > mean_sessions]++
    }
    printf "Figure 5.1: %s, %d users; lines are the means over users: %.1f sessions, session length %.2f\n\n", \
        name, users, mean_sessions, mean_length
    for (r = HEIGHT - 1; r >= 0; r--) {
        line = ""
        for (c = 0; c < WIDTH; c++) {
            shown = mark(at[r, c])
            if (shown == "")
                shown = r == row(mean_length) ? "-" : c == column(mean_sessions) ? "|" : " "
            line = line shown
        }
        sub(/ +$/, "", line)
        printf "%7s |%s\n", r == HEIGHT - 1 ? sprintf("%.1f", longest) : r ? "" : "1.0", line
    }
    printf "%7s +%s\n%7s  1%*d\n", "", dashes(WIDTH), "", WIDTH - 1, most_sessions
    print "\nacross: sessions, up: session length; . 1 to 9 users, + 10 to 99, # 100 and more"
    printf "users by session length and sessions, above the mean or not: %d both, %d length, %d sessions, %d neither\n", \
        group[1, 1], group[1, 0], group[0, 1], group[0, 0]
}

function dashes(n,    text) {
    while (n-- > 0)
        text = text "-"
    return text
}
