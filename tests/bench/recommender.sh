#!/bin/bash
# recommender with a model of the size of Last.fm 1K's: answers with a long history behind them, with
# a wide part, and for everyone, beside the product of users and items alone.
set -eu -o pipefail
# shellcheck source=tests/bench/cost
. "$(dirname "$0")/cost"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Users with 16 sessions of 9 items, or other numbers.
items=94284 few=200 many=1200
users() { # HOW-MANY [SKEW], as a power of uniform numbers [SESSIONS ITEMS-OF-EACH]
    awk -v users="$1" -v items=$items -v skew="${2:-1}" -v sessions="${3:-16}" -v of_each="${4:-9}" 'BEGIN {
        srand(1); print "username,subreddit,utc"
        for (u = 0; u < users; u++)
            for (s = sessions; s > 0; s--)
                for (k = of_each; k > 0; k--)
                    print "u" u ",r" int(rand() ^ skew * items) "," 1300000000 + 86400 * s + 60 * k
    }' | reddit-sessionize
}
for n in 1 $few $many; do users "$n" >"$work/users-$n.mp"; done
tfilter --quiet --split last-session "$work/users-1.mp" | batcher --quiet | spcat >"$work/lines"
all_known() {
    grep -E '^\["(SESSPIPE|user)' "$work/lines"
    awk -v items=$items 'BEGIN { for (i = 0; i < items; i++) printf "[\"item\",%d,\"r%d\"]\n", i, i }'
    grep '^\["session"' "$work/lines"
    awk -v items=$items "$all_items"' BEGIN { print_all(1, items) }'
    echo '["epoch",1,1]'
    echo '["E"]'
}
all_known | spcat --from-json >"$work/all.mp"
untrained() { trainer --quiet --inter hidden,delta --embedding 100 --max-steps 0 --save "$@" "$work/all.mp" >"$work/none.mp"; }
untrained "$work/model"
head -c $((items * 400)) "$work/model" >"$work/matrix"

ask() { cost recommender --quiet --model "$work/model" -o "$work/answers" "$work/users-$1.mp"; }
read -r first _ < <(ask 1)
read -r seconds_few _ < <(ask $few)
read -r seconds mb < <(ask $many)
batches=$(((many - few) / 100))
matrices=$(for _ in $(seq $batches); do echo "$work/matrix"; done)
# shellcheck disable=SC2086
read -r floor _ < <(cost sh -c 'cat "$@" >/dev/null' sh $matrices)
rows recommender_users $((many - few)) users "$(awk "BEGIN { print $seconds - $seconds_few }")" "$mb"
awk -v OFS='\t' -v took="$seconds" -v few="$seconds_few" -v n=$((many - few)) -v floor="$floor" -v first="$first" 'BEGIN {
    print "recommender_ms", sprintf("%.3f", 1000 * (took - few) / n), "ms"
    print "recommender_over_floor", sprintf("%.1f", (took - few) / floor), "ratio"
    print "recommender_first_ms", sprintf("%.0f", 1000 * first), "ms"
}'

# The same with a wide part, in sessions of which some items have many, beside the network alone there.
untrained "$work/wide" --wide --no-index
for n in $few $many; do users "$n" 3 >"$work/users-$n.mp"; done
# In processor time of one thread, by turns, the least of three: others on the machine hardly
# lengthen it, and the two differ by little.
measure_wide() { # ROUNDS
    local users name
    for _ in $(seq "$1"); do
        for users in $few $many; do
            for name in model "wide --frozen --index $work/users-$many.mp"; do
                # shellcheck disable=SC2086
                echo "${name%% *} $users $(processor_time recommender --quiet --threads 1 \
                    --model "$work"/$name -o "$work/answers" "$work/users-$users.mp")"
            done
        done
    done
}
measure_wide 3 | awk -v OFS='\t' -v few=$few -v many=$many '
    !(($1, $2) in least) || $3 < least[$1, $2] { least[$1, $2] = $3 }
    function took(name) { return least[name, many] - least[name, few] }
    END {
        print "recommender_wide_ms", sprintf("%.3f", 1000 * took("wide") / (many - few)), "ms"
        print "recommender_wide_over_network", sprintf("%.2f", took("wide") / took("model")), "ratio"
    }'

# Everyone at once, with two sessions of six items, on all cores.
everyone=${EVERYONE:-20000}
for n in $few "$everyone"; do users "$n" 1 2 6 >"$work/users-$n.mp"; done
for _ in 1 2 3; do
    for n in $few "$everyone"; do
        echo "$n $(used recommender --quiet --top 20 --model "$work/model" -o "$work/answers" "$work/users-$n.mp")"
    done
    # In parts of 800 users, whose scores are not far larger than a cache.
    echo "product $(product 800 $items 100)"
done | awk -v OFS='\t' -v few=$few -v everyone="$everyone" '
    !($1 in least) || $2 < least[$1] { least[$1] = $2 }
    END {
        answer = (least[everyone] - least[few]) / (everyone - few)
        print "bulk_users", sprintf("%.0f", 1 / answer), "users/s"
        print "bulk_million_seconds", sprintf("%.0f", 1e6 * answer), "s"
        print "bulk_over_product", sprintf("%.2f", answer / (least["product"] / 800)), "ratio"
    }'
