/** For the run on the module path; core's optional modules are named where they are used. */
module com.example.consumer {
    requires com.github.benmanes.caffeine;
    requires com.zaxxer.hikari;
    requires dev.byline.core;
    requires dev.byline.migrations;
    requires org.apache.httpcomponents.client5.httpclient5;
    requires org.bouncycastle.provider;
    requires org.jsoup;
    requires org.postgresql.jdbc;
}
