# attnviz: means against an independent computation, harmful names, every output.
bats_require_minimum_version 1.5.0
load helpers

# A run of two epochs; two sessions with attention in each, worked out by hand below.
hand() {
    cat <<EOT
label ii-rnn hidden,delta
run batcher seed=3 | trainer model=ii-rnn inter=hidden,delta seed=${1:-1}
user ann
item 2 rare
item 40 hit
item 8 usual
$(printf 'item 0 unseen %d\n' {1..30})
epoch 1 train
pass 3.5 100
epoch 1 test
rank 0 25 0 2
attention 0 5 0.5:24:3:0,1 0.5:1:4:1,2
pass 2
epoch 2 train
pass 3 100
epoch 2 test
rank 0 1 0 1
attention 0 7 0.1:48:10:0,0 0.3:24:11:1,1,2 0.6:2:12:2,2
attention 0 8 0.25:24:11:0,0 0.75:1:12:1,1
attention 0 9 1:30:11:2,2
pass 1
EOT
}

# field PICTURE GROUP COLUMN <TSV
field() {
    awk -F '\t' -v p="$1" -v g="$2" -v c="$3" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $at["picture"] == p && $at["group"] == g { print $at[c] }'
}

near() { # near EXPECTED ACTUAL
    awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d < 1e-6 && d > -1e-6 && b != "") }' ||
        { echo "expected $1, got '$2'"; return 1; }
}

# One session of each level, its weights worked out by hand below.
all_levels() {
    hand | sed '/^attention/,$d'
    cat <<EOT
attention 0 4 level=intra target=0,1 top=0,2 0.25,0.5:48:10:0,0 0.75,0.5:24:11:1,1,2
attention 0 5 level=user 0.75:24:11:0,0 0.25:1:12:1,1
attention 0 3 level=session age=24 0.25:0 0.5:1 0.25:2
attention 0 4 level=session age=1 1:2
attention 0 5 level=item position=0 target=1 top=1 0.5:0
attention 0 5 level=item position=1 target=2 top=1 0.5:0 1.5:1
attention 0 5 level=item position=2 target=0 top=1 -0.5:0 0.5:1 2:2
attention 0 6 level=item position=1 target=2 1:1 1:2
pass 2
EOT
}

# Names of all kinds, as users and as items.
hostile() {
    printf 'run trainer model=<b>&"m seed=1\n'
    printf 'user <script>alert(1)</script>\nuser \033[31mred\033]0;title\007\n'
    printf 'user \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xe2\x80\xae override\n'
    printf 'item 5 </title></svg><script>alert(2)</script>\nitem 6 \033[2J\033[1;1Hgone\n'
    printf 'item 7 \xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7 \xe2\x81\xa6 isolate\n'
    printf 'item 8 bytes \xff\xfe\xc0\xaf \xed\xa0\x80 no UTF-8\n'
    printf 'item 9 %s\n' "$(printf 'long &<>"%.0s' {1..40})"
    printf 'item 10 \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e%s\n' "$(printf '\xe9\x9f\xb3%.0s' {1..100})"
    printf 'item 11 z%s\n' "$(printf '\xcc\x81%.0s' {1..300})"
    printf 'item 12 a\ttab\rreturn and ]]> --> \xef\xbf\xbe\xef\xbb\xbf end\n'
    printf 'epoch 1 test\nrank 0 1 0 1\n'
    for user in 0 1 2; do
        printf 'attention %d 3 0.2:24:5:0,1,2,3 0.5:3:9:4,5 0.3:1:10:6,7\n' "$user"
    done
    printf 'pass 1\n'
}

@test "means worked out by hand" {
    hand | predictions | attnviz >tsv
    [ "$(awk -F '\t' '{ print NF }' tsv | sort -u)" = 17 ]
    [ "$(tail -n +2 tsv | cut -f 1-3 | sort -u)" = $'0\t2\ttest' ]       # the best epoch alone
    near 1.65 "$(field recency 1 relative <tsv)"                         # (0.6 · 3 + 0.75 · 2) / 2
    near 0.675 "$(field recency 1 weight <tsv)"
    near 0.15 "$(field recency 1 error <tsv)"                            # |1.8 - 1.5| / 2
    near 0.7 "$(field age 24 relative <tsv)"                             # (0.3 · 3 + 0.25 · 2) / 2
    near 0.3 "$(field age 48 relative <tsv)"
    [ "$(field age 48 error <tsv)" = '' ]
    [ "$(field age 48 sessions <tsv)" = 1 ]
    near 0.56666667 "$(field day 0 relative <tsv)"                       # 24, 24 and 48 hours
    near 0.7 "$(field week 11 relative <tsv)"
    near 0.9 "$(field length 3 relative <tsv)"
    [ "$(field length 2 weights <tsv)" = 4 ]
    [ "$(field age 30 weights <tsv)" = '' ]                              # the one of session 9
}

@test "ages beyond a week are days, where the stream says when the session began" {
    aged() {
        hand | sed '/^attention/,$d'
        echo "attention 0 7 $1 0.1:1700:10:0,0 0.2:300:10:0,0 0.3:167:11:1,1,2 0.4:2:12:2,2"
        echo 'pass 2'
    }
    aged began=9000000 | predictions >1.mp
    attnviz 1.mp >tsv
    [ "$(awk -F '\t' '$5 == "days" { printf "%s:%.4g:%s;", $11, $13, $15 }' tsv)" = '0:1.6:1;6:1.2:1;12:0.8:1;63:0.4:1;' ]
    [ "$(awk -F '\t' '$5 == "age" { print $11 }' tsv | paste -sd,)" = 2,167,168 ] # as the model is told
    attnviz --svg drawn 1.mp
    [ "$(grep -oE '>[0-9]+ [hd][+]? ago<' drawn/inter-sessions.svg | paste -sd' ')" = '>2 h ago< >167 h ago< >12 d ago< >70 d ago<' ]
    grep -q '>63 d+<' drawn/inter-days.svg
    grep -q '>7 d+<' drawn/inter-age.svg
    run -1 grep -q '168 h' drawn/*.svg
    attnviz --format text 1.mp | grep -q ' 12 d '
    aged '' | predictions | attnviz --svg without
    [ ! -e without/inter-days.svg ]
    [ "$(grep -oE '>7 d[+] ago<' without/inter-sessions.svg | wc -l)" = 2 ]
}

# of LEVEL PICTURE GROUP COLUMN <TSV
of() {
    awk -F '\t' -v l="$1" 'NR == 1 || $4 == l' | field "$2" "$3" "$4"
}

@test "every level has its pictures and its means" {
    all_levels | predictions >1.mp
    attnviz 1.mp >tsv
    [ "$(tail -n +2 tsv | cut -f 4 | uniq)" = $'intra\nuser\nsession\nitem' ]
    near 1.25 "$(of intra age 24 relative <tsv)"           # (1.5 + 1) / 2
    [ "$(of intra age 24 weights <tsv)" = 2 ]
    [ "$(of intra age 24 sessions <tsv)" = 1 ]
    near 1.25 "$(of intra length 3 relative <tsv)"
    near 1.25 "$(of intra popularity 9 relative <tsv)"   # counts 9 to 40
    near 1.5 "$(of user age 24 relative <tsv)"
    near 0.5 "$(of user recency 1 relative <tsv)"
    near 0.75 "$(of session recency 1 relative <tsv)"      # the one of a single event is left out
    near 1.5 "$(of session popularity 9 relative <tsv)"
    near 1.5 "$(of session length 3 relative <tsv)"        # 0.5 of three
    near 0.5 "$(of session length 3 weight <tsv)"
    near 1.5 "$(of item recency 1 relative <tsv)"          # (1.5 + 2 + 1) / 3: over mean |weight|
    near 0.6666667 "$(of item recency 2 relative <tsv)"    # (0.5 + 0.5 + 1) / 3
    near -0.5 "$(of item recency 3 relative <tsv)"
    [ "$(of item recency 1 weights <tsv)" = 3 ]
    [ "$(of item recency 1 sessions <tsv)" = 2 ]           # two positions of session 5 are one
    near 1.25 "$(of item length 2 weight <tsv)"            # (1.5 + 1) / 2
}

@test "examples of every level: what was predicted, what came, weight by weight" {
    all_levels | predictions | attnviz >tsv
    rows() { awk -F '\t' -v l="$1" -v p="$2" '$4 == l && $5 == p' tsv | cut -f 7-13,17; }
    [ "$(rows intra matrix)" = $'4\t0\trare\trare\t1\t0.75\t1.5\thit | hit | usual
4\t0\trare\trare\t2\t0.25\t0.5\trare | rare
4\t1\tusual\thit\t1\t0.5\t1\thit | hit | usual
4\t1\tusual\thit\t2\t0.5\t1\trare | rare' ]
    [ "$(rows session events | head -1)" = $'3\t\t\t\t1\t0.25\t0.75\tusual' ]
    [ "$(rows session ranked | cut -f 5,8)" = $'40\thit\n8\tusual\n2\trare' ]
    [ "$(rows item events | head -2)" = $'5\t1\thit\tusual\t1\t1.5\t1.5\thit
5\t1\thit\tusual\t2\t0.5\t0.5\trare' ]
}

@test "every level on a terminal" {
    all_levels | predictions >1.mp
    attnviz --format text 1.mp >text
    grep -q '^Intra-session attention: predictions and what they look at' text
    grep -q '^✓ rare  ' text
    grep -q '^  usual  ' text
    grep -q '^Session-level attention: the events of single sessions' text
    grep -qE '0\.500 +40  hit$' text
    grep -q '^Item attention: events up to a position' text
    grep -q '→ usual' text
    run -1 grep -P '\x1b' text
}

@test "every model that attends is drawn, at each of its levels; the others say that they do not" {
    synthesize --users 9 --days 10 | lfm-sessionize | tfilter --quiet --split user:0.8 |
        batcher --quiet --batch 9 --history 4 --epochs 1 -o batches.mp
    run -64 trainer --model none batches.mp
    sed 's/.*choose from //; s/, /\n/g' <<<"$output" | sort >models
    while read -r levels options; do
        # shellcheck disable=SC2086
        trainer -q -j 1 --embedding 4 --attention all --model $options -o run.mp batches.mp
        rm -rf drawn
        attnviz --svg drawn run.mp
        [ "$(find drawn -name '*-*.svg' -printf '%f\n' | sed 's/-.*//' | sort -u | paste -sd,)" = "$levels" ] ||
            { ls drawn; echo "$options"; false; }
        echo "${options%% *}" >>drawn-models
    done <<'EOT'
inter,intra ii-rnn --inter hidden,delta --intra cat
intra,session,user hierarchical --session-rep attention --user-rep attention --intra sum
item narm
item rib
item sasrec
item stamp
item asars --context hour
item intent
EOT
    sort -u drawn-models | comm -23 models - >others
    [ "$(wc -l <others)" -gt 5 ]
    while read -r model; do
        run -64 trainer -q --attention 3 --model "$model" batches.mp
        [[ $output == *'this model attends to nothing'* ]] || { echo "$model: $output"; false; }
    done <others
}

@test "the best epoch, the last, a given one; validation where there is no test" {
    hand | sed 's/^rank 0 1 0 1/rank 0 26 0 1/; s/^rank 0 25/rank 0 20/' | predictions >1.mp
    epochs() { attnviz "$@" 1.mp | tail -n +2 | cut -f 2,3 | sort -u; }
    [ "$(epochs)" = $'1\ttest' ]
    [ "$(epochs --epoch last)" = $'2\ttest' ]
    [ "$(epochs --epoch 2)" = $'2\ttest' ]
    [ "$(epochs --best-by loss)" = $'2\ttest' ]
    run -65 attnviz --epoch 3 1.mp
    hand | sed 's/test/validation/' | predictions >1.mp
    [ "$(epochs)" = $'2\tvalidation' ]
    [ "$(epochs --epoch 1)" = $'1\tvalidation' ]
    attnviz --html 1.mp | grep -q 'chosen by recall@20 on the validation part'
}

@test "means of a larger stream against an independent computation" {
    need python3
    awk 'function share(m,    j, sum) {
            for (j = sum = 0; j < m; j++) sum += w[j] = rand() ^ 3
            for (j = 0; j < m; j++) w[j] /= sum
        }
        function items(l,    k) {
            for (k = 0; k < l; k++) printf "%s%d", k ? "," : "", int(n * rand())
        }
        function sessions(level, m, rows,    j, r) { # weights of all rows, session by session
            printf "attention 0 %d level=%s", s, level
            for (r = 0; r < rows; r++) { share(m); for (j = 0; j < m; j++) all[j, r] = w[j] }
            if (level == "intra") { printf " target="; items(rows) }
            for (j = 0; j < m; j++) {
                for (r = 0; r < rows; r++) printf "%s%.9f", r ? "," : " ", all[j, r]
                printf ":%d:%d:", int(169 * rand()), int(169 * rand())
                items(int(45 * rand() ^ 2))
            }
            print ""
        }
        function events(level, m, position,    j) {
            printf "attention 0 %d level=%s position=%d", s, level, position
            share(m)
            for (j = 0; j < m; j++) printf " %.9f:%d", 3 * w[j] * (level == "item") + w[j], int(n * rand())
            print ""
        }
        BEGIN {
            srand(7); n = 60
            print "run trainer model=ii-rnn\nuser somebody"
            for (i = 0; i < n; i++) printf "item %d item %d\n", 1 + int(400 * rand() ^ 4), i
            print "epoch 1 test\nrank 0 1 0 1"
            for (s = 0; s < 200; s++) {
                sessions("inter", 1 + int(15 * rand()), 1)
                sessions("intra", 1 + int(15 * rand()), 1 + int(9 * rand()))
                sessions("user", 1 + int(15 * rand()), 1)
                m = 4 * rand()
                for (i = 0; i < m; i++) events("session", 1 + int(50 * rand() ^ 2), -1)
                m = 9 * rand()
                for (i = 0; i < m; i++) events("item", i + 1, i)
            }
            print "pass 1"
        }' | predictions >1.mp
    spcat 1.mp >1.json
    attnviz 1.mp >tsv
    run -0 python3 "$ROOT/tests/check-attention.py" 1.json <tsv
    [ "$output" -gt 900 ]
}

@test "examples: as many as --examples says, drawn by seed, with the weights of the stream" {
    { hand | sed '/^attention/,$d'
      for i in $(seq 100); do echo "attention 0 $i 0.25:24:3:0,1 0.75:1:4:1,2,0"; done
      echo 'pass 2'; } | predictions >1.mp
    drawn() { attnviz "$@" 1.mp | awk -F '\t' '$5 == "sessions" { print $7 }' | uniq; }
    [ "$(drawn | wc -l)" = 4 ]
    [ "$(drawn --examples 30 | sort -nu | wc -l)" = 30 ]
    [ "$(drawn --examples 1000 | wc -l)" = 100 ]
    [ "$(drawn)" = "$(drawn --seed 1)" ]
    [ "$(drawn)" != "$(drawn --seed 2)" ]
    [ "$(drawn | sort -n)" = "$(drawn)" ]
    attnviz --examples 1 1.mp | awk -F '\t' '$6 == "ann"' | cut -f 5,6,11-13,17 >rows
    [ "$(cat rows)" = $'sessions\tann\t1\t0.75\t1.5\thit | usual | rare
sessions\tann\t2\t0.25\t0.5\trare | hit
ages\tann\t1\t0.75\t1.5\t
ages\tann\t24\t0.25\t0.5\t
weeks\tann\t4\t0.75\t1.5\t
weeks\tann\t3\t0.25\t0.5\t' ]
}

@test "the page has everything, loads nothing and runs nothing" {
    hand | predictions >1.mp
    attnviz --html 1.mp >page.html
    grep -q '^<!DOCTYPE html>' page.html
    tail -1 page.html | grep -q '^</html>$'
    [ "$(grep -c '<figure' page.html)" = 14 ] # 9 of attention, 2 of learning, 3 of groups
    for title in 'Inter-session attention: sessions side by side' 'mean by recency' 'mean by age' \
        'mean around whole days' 'by hour of the week' 'popularity' 'Learning, epoch' \
        'recall@20 by position' 'recall@20 by length-quarters' 'recall@20 by history-quarters'; do
        grep -q "$title" page.html || { echo "no $title"; false; }
    done
    grep -q '<b>trainer</b>.*<code>--inter <bdi>hidden,delta</bdi></code>' page.html
    grep -q '<td data-name="recall@20">1.0000</td>' page.html
    grep -q 'chosen by recall@20 on the test part' page.html
    run -1 grep -qiE '(src|href)[[:space:]]*=|url\(|@import|<script|<link|<iframe|javascript:| on[a-z]+=' page.html
    run -1 grep -q 'http' page.html
    attnviz --format html -o other.html 1.mp
    cmp page.html other.html
}

@test "pictures are well-formed SVG, each in its file" {
    need xmllint
    hand | predictions >1.mp
    { hand; hand 2; } | predictions >2.mp
    hostile | predictions >3.mp
    attnviz --svg one 1.mp >out
    [ ! -s out ]
    [ "$(cd one && echo *)" = 'inter-age.svg inter-ages.svg inter-day.svg inter-length.svg inter-popularity.svg inter-recency.svg inter-sessions.svg inter-week.svg inter-weeks.svg learning.svg' ]
    attnviz --svg two 2.mp
    [ -e two/0-inter-age.svg ]
    [ -e two/1-inter-age.svg ]
    [ -e two/learning.svg ]
    attnviz --svg three 3.mp
    all_levels | predictions | attnviz --svg four
    xmllint --noout one/*.svg two/*.svg three/*.svg four/*.svg
    attnviz --html --svg one 1.mp | grep -q '^<!DOCTYPE html>'
}

# A log whose names are as long as names can be, with a run of many groups and one of many models.
crowded() {
    awk -v model="$1" -v seed="$2" 'BEGIN {
        srand(seed)
        print "run trainer model=" model " seed=" seed
        for (i = 0; i < 60; i++)
            printf "user %s%d\nitem %d %s%d\n", "W_user_0000000000000000", 1e9 + i, 1 + int(3e4 * rand() ^ 6),
                i % 3 ? "-987654321098765432" : "A title of some words that goes on and on and on, ", i
        for (epoch = 1; epoch <= 12; epoch++) {
            print "epoch " epoch " train\npass " (9 - epoch / 3) " 1000"
            for (part = 1; part <= 2; part++) {
                print "epoch", epoch, (part == 1 ? "validation" : "test")
                for (i = 0; i < 400; i++)
                    print "rank", int(38 * (i / 400) ^ 3), 1 + int(60 * rand()), "user=" i % 60, "target=" i % 60,
                        "history=" int(1100 * (i / 400) ^ 4), "length=40 seen=" (i % 3 == 0)
                for (i = 0; part == 2 && i < 40; i++) {
                    printf "attention %d %d", i, 100000 + i
                    n = 2 + int(29 * rand())
                    for (j = 0; j < n; j++) {
                        printf " %.4f:%d:%d:", rand() / n, 169 * rand(), 168 * rand()
                        for (k = int(20 * rand() ^ 2); k >= 0; k--)
                            printf "%d%s", 60 * rand(), k ? "," : ""
                    }
                    print ""
                    for (j = 0; j < 9; j++) {
                        printf "attention %d %d level=item position=%d target=%d top=%d", i, 100000 + i, j, 60 * rand(), 60 * rand()
                        for (k = 0; k <= j; k++)
                            printf " %.4f:%d", rand(), 60 * rand()
                        printf "\nattention %d %d level=session age=%d", i, 100000 + i, 169 * rand()
                        for (k = 0; k <= 6 * j; k++)
                            printf " %.4f:%d", rand(), 60 * rand()
                        print ""
                    }
                }
                print "pass 4"
            }
        }
    }' | predictions
}

@test "all text is within its picture, as wide as a small screen, and on no other text" {
    need python3
    crowded ii-rnn 1 >1.mp
    crowded ii-rnn 2 >2.mp
    for model in pop ppop markov vstan narm sasrec stamp hrnn rnn; do
        crowded $model 1 | spcat | grep -v '^\["attention"' | sed 's/^\["E".*/["E"]/' | spcat --from-json -o $model.mp
    done
    attnviz --html --svg drawn 1.mp >page.html
    attnviz --html ./*.mp >models.html
    scorer --best --by all --svg scores ./*.mp >table
    hostile | predictions | attnviz --html >hostile.html
    all_levels | predictions | attnviz --html >levels.html
    python3 "$ROOT/tests/check-pictures.py" ./*.html drawn/*.svg scores/*.svg >texts
    [ "$(cat texts)" -gt 5000 ]
    # Pictures of the page are as wide as a small screen, or have such a form too.
    [ "$(grep -oE 'viewBox="0 0 [0-9]+' ./*.html | sed 's/.* //' | sort -u | paste -sd,)" = 420,44,960 ]
    [ "$(grep -c '<div class="slim"><svg viewBox="0 0 420 ' page.html)" = "$(grep -c '<svg viewBox="0 0 960 ' page.html)" ]
    # One legend on the page, of its models; one in each file of scores.
    [ "$(grep -c 'class="key"' models.html)" = 10 ]
    [ "$(grep -o '<title>' models.html | wc -l)" -gt 100 ]
    [ "$(grep -c '<tspan>markov' models.html)" = 0 ]
    [ "$(grep -c '<tspan>markov' scores/by-repeat.svg scores/learning.svg | paste -sd,)" = scores/by-repeat.svg:1,scores/learning.svg:1 ]
}

@test "the curve that chose the epoch is drawn, on the part that chose it, and the epoch is marked" {
    curve() { # validation recall@20 and test recall@20 of epochs 1 to 3
        printf 'run trainer model=ii-rnn\nuser ann\n'
        printf 'item 1 item %d\n' {1..40}
        for epoch in 1 2 3; do
            printf 'epoch %d train\npass %d 5\n' $epoch $((6 - epoch))
            for part in "$@"; do
                case $epoch$part in 2validation | 3test) rank=1 ;; *) rank=30 ;; esac
                printf 'epoch %d %s\nrank 0 %d\nrank 1 30\npass %d\n' $epoch $part $rank $((5 - epoch))
            done
        done
    }
    panels() { grep -oE '>(recall@20|loss)[^<]*|epoch [123], [a-z]*: [0-9.]*, the best epoch' page.html | sed 's/^>//' | sed '/^recall@20$/d; /^loss$/d'; }
    curve validation test | predictions | attnviz --html >page.html
    panels >panels
    sed '/by /,$d' panels | diff - <(printf '%s\n' 'recall@20 on the validation part' 'epoch 2, validation: 0.5000, the best epoch' \
        'recall@20 on the test part' 'epoch 2, test: 0.0000, the best epoch' \
        'loss; dotted: on the training part' 'epoch 2, test: 3.0000, the best epoch')
    grep -q '<th>validation recall@20</th>' page.html
    grep -q '<td data-name="validation recall@20">0.5000</td>' page.html
    curve test | predictions | attnviz --html >page.html
    panels >panels
    sed '/by /,$d' panels | diff - <(printf '%s\n' 'recall@20 on the test part' 'epoch 3, test: 0.5000, the best epoch' \
        'loss; dotted: on the training part' 'epoch 3, test: 2.0000, the best epoch')
    run -1 grep -q 'validation recall' page.html
    curve validation test | predictions | attnviz --html --best-by loss >page.html
    panels >panels
    [ "$(head -2 panels)" = $'loss on the validation part\nepoch 3, validation: 2.0000, the best epoch' ]
    grep -q '<td data-name="validation loss">2.0000</td>' page.html
}

@test "harmful names are made harmless: page" {
    hostile | predictions >1.mp
    attnviz --html 1.mp >page.html
    run -1 grep -qi '<script\|</title></svg><\|<b>&"m' page.html
    grep -qF '&lt;script&gt;alert(1)&lt;/script&gt;' page.html
    grep -qF '&lt;b&gt;&amp;&quot;m' page.html
    need python3
    python3 - <<'EOT'
page = open("page.html", "rb").read().decode("utf-8")          # valid UTF-8
bad = [c for c in page if (ord(c) < 32 and c != "\n") or 0x7f <= ord(c) < 0xa0
       or ord(c) in (0x202e, 0x2066, 0xfeff, 0xfffe)]
assert not bad, bad
assert "\ufffd" in page and "日本語" in page and "مرحبا" in page
assert "\u0301" * 5 not in page
from html.parser import HTMLParser
class Reader(HTMLParser):
    stack, void = [], {"meta", "rect", "line", "circle", "br"}
    def handle_starttag(self, tag, attrs):
        assert tag != "script" and not [a for a, _ in attrs if a.startswith("on")]
        if tag not in self.void: self.stack.append(tag)
    def handle_endtag(self, tag):
        if tag in self.void: return
        assert self.stack.pop() == tag, tag
reader = Reader(); reader.feed(page); assert not reader.stack
EOT
}

@test "harmful names are made harmless: TSV and terminal" {
    hostile | predictions >1.mp
    attnviz 1.mp >tsv
    [ "$(awk -F '\t' '{ print NF }' tsv | sort -u)" = 17 ]
    run -1 grep -qP '[\x00-\x08\x0b-\x1f\x7f]' tsv
    grep -q 'long &<>"long &<>".* | ' tsv                       # whole, as it is
    attnviz --format text 1.mp >text
    run -1 grep -qP '[\x00-\x09\x0b-\x1f\x7f]' text             # --format text has no colours
    run -1 grep -qP '\xe2\x80\xae' text
    if command -v iconv >/dev/null; then iconv -f utf-8 -t utf-8 tsv text >/dev/null; fi
}

@test "on a terminal blocks, in colour; with NO_COLOR no escape at all" {
    need script
    hand | predictions >1.mp
    script -qec 'attnviz 1.mp' /dev/null >colour </dev/null
    grep -q $'\033\[38;5;' colour
    grep -q '█' colour
    grep -q 'mean by age' colour
    NO_COLOR=1 script -qec 'attnviz 1.mp' /dev/null </dev/null | tr -d '\r' >plain
    run -1 grep -q $'\033' plain
    attnviz --format text 1.mp | cmp - plain
}

@test "no attention: 65 and what to do; a page all the same" {
    hand | grep -v ^attention | predictions >1.mp
    for options in '' '--format text' '--svg pictures'; do
        # shellcheck disable=SC2086
        run -65 --separate-stderr attnviz $options 1.mp
        [ -z "$output" ]
        [[ $stderr == *'trainer --inter hidden,delta --attention'* ]]
    done
    [ ! -e pictures ]
    run -0 --separate-stderr attnviz --html 1.mp
    [[ $output == *'no attention weights'*'--attention'* ]]
    [[ $stderr == *'without pictures'* ]]
}

@test "sessions with nothing to choose are in no picture, and the page says so" {
    hand | predictions | attnviz --html | grep -q 'Of these, 1 had only one earlier session'
    hand | sed '/^attention 0 [578]/d' | predictions >1.mp
    run -65 attnviz 1.mp
}

@test "several runs: pictures of each, scores side by side" {
    hand 1 | predictions >1.mp
    hand 2 | predictions >2.mp
    hand | grep -v ^attention | sed '/^label/d; s/^run.*/run baseline model=pop/' | predictions >pop.mp
    attnviz --html pop.mp 1.mp 2.mp >page.html
    [ "$(grep -c 'What it looks at: ' page.html)" = 2 ]
    grep -q '<td class="name"><bdi>pop</bdi></td>' page.html
    grep -q '<td class="name"><bdi>ii-rnn hidden,delta, seed 2</bdi></td>' page.html
    attnviz pop.mp 1.mp 2.mp >tsv
    [ "$(tail -n +2 tsv | cut -f 1 | sort -u)" = $'1\n2' ]
    cat pop.mp 1.mp 2.mp | attnviz | cmp - tsv
}

@test "--log and --name: the page is called as the log and the models are" {
    hand | predictions >1.mp
    hand | grep -v ^attention | sed '/^label/d; s/^run.*/run baseline model=pop/' | predictions >pop.mp
    attnviz --html pop.mp 1.mp | grep -q '^<title>Attention of ii-rnn hidden,delta</title>'
    attnviz --html pop.mp | grep -q '^<title>Scores of pop</title>'
    attnviz --html --log '<a & b>' --name counts --name network pop.mp 1.mp >page.html
    grep -q '^<title>&lt;a &amp; b&gt;: attention of network</title>' page.html
    grep -q '^<h1><bdi>&lt;a &amp; b&gt;</bdi>: attention of <bdi>network</bdi></h1>' page.html
    [ "$(grep -oE '^<tr><td class="name"><bdi>[a-z]*' page.html | sed 's/.*>//' | head -2 | paste -sd,)" = counts,network ]
    for seed in 1 2 3 4 5 6; do hand $seed; done | predictions | attnviz --html |
        grep -q '^<title>Attention of .*seed 4 and 2 more</title>'
    run -64 --separate-stderr attnviz --html --name a --name b --name c pop.mp 1.mp
    [[ $stderr == *'3 names for 2 models'* ]]
    run -64 --separate-stderr attnviz --log name 1.mp
    [[ $stderr == *'--log names the page of --html'* ]]
}

@test "the same in every locale and time zone" {
    hand | predictions >1.mp
    attnviz --html 1.mp >plain
    LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata attnviz --html 1.mp | cmp - plain
}

@test "memory does not grow with the stream" {
    [ "${VARIANT:-release}" = release ] || skip "sanitizers need more room"
    many() { # many TIMES
        hand | sed '/^epoch 1/,/^pass 2/d; /^attention/,$d'
        awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print "attention 0 8 0.25:24:11:0,0 0.75:1:12:1,1" }'
        echo 'pass 1'
    }
    many 1000 | predictions >small.mp
    many 300000 | predictions >large.mp
    attnviz --html small.mp >/dev/null
    (ulimit -v 60000; attnviz large.mp >tsv)
    [ "$(field recency 1 sessions <tsv)" = 300000 ]
}

@test "input that is cut off is 65, and nothing is written" {
    hand | predictions >whole.mp
    size=$(stat -c %s whole.mp)
    for n in 0 1 20 200 $((size / 2)) $((size - 1)); do
        head -c "$n" whole.mp >part.mp
        run -65 --separate-stderr attnviz --html --svg pictures part.mp
        [ -z "$output" ]
        [ -n "$stderr" ]
        [ ! -e pictures ]
        run -65 attnviz -o page.html part.mp
        [ "$(echo page*)" = 'page*' ]
    done
}

@test "other streams 65, no such file 66, wrong usage 64, no place for the files 73" {
    synthesize --users 3 --days 3 | lfm-sessionize >sessions.mp
    run -65 --separate-stderr attnviz sessions.mp
    [[ $stderr == *sessions* ]]
    run -66 attnviz no-such-file.mp
    run -64 --separate-stderr attnviz --epoch best2 /dev/null
    [[ $stderr == *best2*last* ]]
    run -64 --separate-stderr attnviz --html --format tsv /dev/null
    [[ $stderr == *--html* ]]
    run -64 --separate-stderr attnviz --svg pictures -o out /dev/null
    [[ $stderr == *--html* ]]
    run -64 --separate-stderr attnviz --best-by auc /dev/null
    [[ $stderr == *recall@K* ]]
    hand | predictions >1.mp
    : >file
    run -73 --separate-stderr attnviz --svg file 1.mp
    [[ $stderr == *'folder file'* ]]
    run -73 attnviz --svg no/such/folder 1.mp
}

@test "a full disk is 74, a reader that goes away ends it quietly" {
    hand | predictions >1.mp
    run -74 bash -c 'attnviz 1.mp >/dev/full'
    run -74 bash -c 'attnviz --html 1.mp >&-'
    for seed in {1..4}; do hand $seed; done | predictions >many.mp
    run -141 --separate-stderr bash -o pipefail -c 'attnviz --examples 1000 --html many.mp | head -c 1 >/dev/null'
    [ -z "$stderr" ]
}

# bats shows what `run` caught only where it is printed.
teardown() {
    [ -z "${output:-}" ] || echo "$output"
}
