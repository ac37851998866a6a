"""The work of lfm-sessionize by pandas: prints the numbers of sessions and events."""
import sys
import pandas

log = pandas.read_csv(sys.argv[1], sep="\t", header=None, quoting=3, usecols=[0, 1, 2, 3],
                      names=["user", "time", "id", "name"], keep_default_na=False,
                      dtype={"user": "category"})
log["item"] = log.id.where(log.id != "", log.name).astype("category").cat.codes
log["time"] = pandas.to_datetime(log.time, format="%Y-%m-%dT%H:%M:%SZ")
log = log[["user", "time", "item"]][::-1]
log = log.sort_values(["user", "time"], kind="stable")
starts = (log.user != log.user.shift()) | (log.time.diff() >= pandas.Timedelta(seconds=1800))
log["session"] = starts.cumsum()
log = log[starts | (log.item != log.item.shift())]
size = log.groupby("session").session.transform("size")
log = log[(size >= 2) & (size <= 39)]
log["session"] = log.session * 2 + log.groupby("session").cumcount() // 20
size = log.groupby("session").session.transform("size")
log = log[size >= 2]
print(log.session.nunique(), len(log))
