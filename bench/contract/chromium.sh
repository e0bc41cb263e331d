# Sourced by browser.sh and status.sh, which set here and png: makes png absolute, and finds a Chromium. CHROMIUM is the
# browser if it isn't called chromium, chromium-browser, google-chrome or chrome.
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
