# The purchases of an online shop: each invoice is a session, cancellations and rows without a
# customer are left out; the last invoice of a customer is the test part.
#
#   make -f pipelines/retail.mk DATA=online-retail.csv.xz SEEDS='1 2 3'

OUT ?= out/retail
EPOCHS ?= 10
SESSIONIZE ?= csv-sessionize --user CustomerID --item StockCode --time InvoiceDate \
    --session InvoiceNo --where 'InvoiceNo!=C*' --max-events 0 --cut 0
FILTER ?= --min-item-support 5 --min-sessions 3 --split last-session
BATCH ?= --batch 100
# Invoices are long.
WIDE_BATCH ?= --batch 5
TRAIN ?= --session-rep mean --embedding 50 --dropout 0.2

include $(dir $(lastword $(MAKEFILE_LIST)))rules.mk
