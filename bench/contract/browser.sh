#!/bin/sh
# browser.sh URL TOKEN [PNG]: opens URL/docs in a headless Chromium, executes requests and writes a screenshot to PNG
# (docs/swagger-ui.png by default). TOKEN must be allowed to create posts; the one that is created is deleted. CHROMIUM
# is the browser if it isn't called chromium, chromium-browser, google-chrome or chrome.
set -eu
case $# in
    2 | 3) ;;
    *)
        echo "usage: $0 URL TOKEN [PNG]" >&2
        exit 2
        ;;
esac

url=${1%/}
token=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
png=${3:-$here/../../docs/swagger-ui.png}
case $png in
    /*) ;;
    *) png=$PWD/$png ;;
esac
cd "$here"

chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || command -v chrome || true)}
[ -n "$chromium" ] || {
    echo "no Chromium found: install it (Debian: apt-get install chromium), or set CHROMIUM to its path" >&2
    exit 2
}

npm install --loglevel error >/dev/null
exec node browser.js "$url" "$token" "$png" "$chromium"
