#!/bin/sh
# status.sh URL MANAGEMENT_URL [PNG]: opens the status page MANAGEMENT_URL/ in a headless Chromium while it sends requests
# to URL, and writes screenshots to PNG (docs/status.png by default; -dark and -phone beside it). CHROMIUM is the browser
# if it isn't called chromium, chromium-browser, google-chrome or chrome.
set -eu
case $# in
    2 | 3) ;;
    *)
        echo "usage: $0 URL MANAGEMENT_URL [PNG]" >&2
        exit 2
        ;;
esac

url=${1%/}
management=${2%/}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
png=${3:-$here/../../docs/status.png}
. "$here/chromium.sh"
exec node status.js "$url" "$management" "$png" "$chromium"
