# usage: spcat SPLIT.MP | awk -v name=NAME -v points=FILE -f thesis-users.awk
#
# The number of sessions and the mean session length of each user, and the means of both over all users:
# figure 5.1 of the thesis.  Writes a row for each user to `points`, and draws how many users are where;
# both axes are logarithmic.

function column(sessions) { return int((WIDTH - 1) * log(sessions) / log(most_sessions + 1)) }
function row(mean) { return int((HEIGHT - 1) * log(mean) / log(longest + 1)) }
function mark(users) { return users > 99 ? "#" : users > 9 ? "+" : users ? "." : "" }

BEGIN {
    WIDTH = 64
    HEIGHT = 20
    print "user\tsessions\tsession length" >points
}
# ["user",id,"name"...
/^."user"/ { split($0, part, "\""); user[users++] = part[4]; next }
# ["session",user,part,[times...],[items...]...
/^."session"/ {
    split($0, part, /\],\[/)
    n = split(part[1], field, ",")
    sessions[field[2]]++
    events[field[2]] += n - 3
}
END {
    for (u = 0; u < users; u++) {
        if (!sessions[u])
            continue
        mean = events[u] / sessions[u]
        printf "%s\t%d\t%.4f\n", user[u], sessions[u], mean >points
        counted++
        all_sessions += sessions[u]
        all_means += mean
        most_sessions = sessions[u] > most_sessions ? sessions[u] : most_sessions
        longest = mean > longest ? mean : longest
    }
    if (!counted)
        exit
    mean_sessions = all_sessions / counted
    mean_length = all_means / counted
    for (u = 0; u < users; u++)
        if (sessions[u]) {
            mean = events[u] / sessions[u]
            at[row(mean), column(sessions[u])]++
            group[mean > mean_length, sessions[u] > mean_sessions]++
        }
    printf "Figure 5.1: %s, %d users; lines are the means over users: %.1f sessions, session length %.2f\n\n", \
        name, counted, mean_sessions, mean_length
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
