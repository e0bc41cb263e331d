#!/bin/sh
# clients.sh URL TOKEN: generates a Java and a TypeScript client from URL/openapi.json, compiles both, and takes each
# through the same scenario on that server. TOKEN is an admin's. `generate` instead of TOKEN stops after compiling; then
# URL may also be a file. GENERATOR is the version of OpenAPI Generator.
set -eu
[ $# -eq 2 ] || {
    echo "usage: $0 URL TOKEN (an admin's), or $0 URL|FILE generate" >&2
    exit 2
}
generator=${GENERATOR:-7.25.0}

url=${1%/}
token=$2
case $url in
    http://* | https://*) ;;
    *) url=$(cd -- "$(dirname -- "$url")" && pwd)/$(basename -- "$url") ;;
esac
cd "$(dirname -- "$0")"
rm -rf out/java out/typescript out/js out/driver
mkdir -p out

case $url in
    http*) curl --fail --silent --show-error --max-time 30 --output out/openapi.json "$url/openapi.json" ;;
    *) cp -- "$url" out/openapi.json ;;
esac

# run NAME COMMAND...: quietly, unless it fails.
run() {
    name=$1
    shift
    "$@" >"out/$name.log" 2>&1 || {
        cat "out/$name.log" >&2
        echo "FAIL $name" >&2
        exit 1
    }
    echo "PASS $name"
}

npm install --loglevel error >/dev/null
jar=out/openapi-generator-cli-$generator.jar
if [ ! -f "$jar" ]; then
    run fetch-generator mvn -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -DoutputDirectory=out \
        "-Dartifact=org.openapitools:openapi-generator-cli:$generator"
fi

# generate NAME OPTION...
generate() {
    language=$1
    shift
    run "generate-$language" java -jar "$jar" generate -i out/openapi.json -o "out/$language" \
        --global-property apiTests=false,modelTests=false,apiDocs=false,modelDocs=false "$@"
}

generate java -g java --library native --invoker-package client --api-package client.api --model-package client.model \
    --additional-properties useSingleRequestParameter=true,serializationLibrary=jackson,hideGenerationTimestamp=true
run build-java mvn -B -f out/java/pom.xml -Dmaven.javadoc.skip -Dmaven.source.skip package \
    dependency:copy-dependencies -DincludeScope=runtime
mkdir -p out/driver
run compile-java-scenario javac -encoding UTF-8 -d out/driver \
    -cp 'out/java/target/classes:out/java/target/dependency/*' clients/Drive.java

generate typescript -g typescript-fetch --additional-properties importFileExtension=.js
run compile-typescript node_modules/.bin/tsc --project tsconfig.json

[ "$token" != generate ] || exit 0

# Run the second one also if the first fails.
failed=0
java -Dfile.encoding=UTF-8 -cp 'out/driver:out/java/target/classes:out/java/target/dependency/*' \
    Drive "$url" "$token" || failed=1
node out/js/clients/drive.js "$url" "$token" || failed=1
exit $failed
