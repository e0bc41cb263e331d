# docs/deployment.md says how to run the image; deploy/check-image builds it and shows that it keeps what is promised there.
ARG JDK_IMAGE=maven:3.9-eclipse-temurin-25
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${JDK_IMAGE} AS build
WORKDIR /src
ARG MAVEN="mvn -B -q -pl http -am package -DskipTests -Dspotless.check.skip -Denforcer.skip -Dmaven.javadoc.skip -Dmaven.source.skip"
# What others made, in a layer that lasts until a POM changes. The class is there so that the compiler's plugins come too.
COPY .mvn .mvn
COPY pom.xml ./
COPY migrations/pom.xml migrations/
COPY codegen/pom.xml codegen/
COPY core/pom.xml core/
COPY http/pom.xml http/
RUN mkdir -p migrations/src/main/java/x \
    && echo 'package x; final class X {}' > migrations/src/main/java/x/X.java \
    && ${MAVEN} \
    && rm -r migrations/src migrations/target core/target http/target
COPY migrations migrations
COPY core core
COPY http http
RUN ${MAVEN}

FROM build AS home
# Besides what jdeps sees: elliptic curves for TLS, socket options, and the unsafe corner that libraries still look into. What it sees and
# nothing here calls: the desktop (of Logback's, for a third of the size) and the compiler.
RUN mkdir /opt/byline \
    && cp http/target/byline.jar /opt/byline/ \
    && modules=$(jdeps --multi-release base --ignore-missing-deps --print-module-deps /opt/byline/byline.jar \
        | sed 's/java\.desktop,//; s/java\.compiler,//') \
    && jlink --add-modules "$modules,jdk.crypto.ec,jdk.net,jdk.unsupported,jdk.jfr" --no-header-files --no-man-pages \
        --compress zip-6 --generate-cds-archive --output /opt/byline/jre \
    && rm /opt/byline/jre/lib/server/classes_nocoops.jsa
COPY deploy/jvm.options deploy/train /opt/byline/
# PostgreSQL refuses root, and wants its user to have a name.
RUN useradd --system --uid 10001 --home-dir /tmp byline && chown byline /opt/byline
USER 10001
RUN /opt/byline/train
USER 0
RUN rm /opt/byline/train && chown -R 0:0 /opt/byline

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0-SNAPSHOT
ARG REVISION=
LABEL org.opencontainers.image.title="Byline" \
    org.opencontainers.image.description="Users and posts on PostgreSQL over HTTP" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
RUN echo 'byline:x:10001:10001::/data:/usr/sbin/nologin' >> /etc/passwd \
    && echo 'byline:x:10001:' >> /etc/group \
    && mkdir -m 700 /data && chown 10001:10001 /data
# Jar, JRE and archive in one layer: the archive counts only with exactly these two, and is ignored beside others.
COPY --from=home /opt/byline /opt/byline
# glibc keeps up to eight pools of memory for each core and gives little back: two are enough.
ENV BYLINE_HOST=0.0.0.0 BYLINE_DRAIN_DELAY=5s MALLOC_ARENA_MAX=2 LANG=C.UTF-8
USER 10001:10001
WORKDIR /data
EXPOSE 8000 9000
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s \
    CMD ["/opt/byline/jre/bin/java", "-XX:SharedArchiveFile=/opt/byline/byline.jsa", "-XX:TieredStopAtLevel=1", "-Xmx24m", "@/opt/byline/jvm.options", "-jar", "/opt/byline/byline.jar", "healthcheck"]
ENTRYPOINT ["/opt/byline/jre/bin/java", "-XX:SharedArchiveFile=/opt/byline/byline.jsa", "@/opt/byline/jvm.options", "-jar", "/opt/byline/byline.jar"]
CMD ["serve"]
