package dev.byline.internal.feed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

/** Parses times in each form, by the examples of the standards. */
class FeedTimeTest {
    /** Checks a table: each line has a text and its time in UTC, or "none". */
    private static void assertTimes(String table) {
        for (var line : table.lines().toList()) {
            var cells = line.split("\\|", -1);
            var time = cells[1].strip();
            assertThat(FeedTime.parse(cells[0].strip()))
                    .as(line)
                    .isEqualTo(time.equals("none") ? null : Instant.parse(time));
        }
    }

    @Test
    void rfc3339AndW3cdtfAreParsed() {
        assertTimes("""
                2003-12-31T10:14:55Z            | 2003-12-31T10:14:55Z
                2003-12-31t10:14:55z            | 2003-12-31T10:14:55Z
                2003-12-31T10:14:55.25+01:00    | 2003-12-31T09:14:55.25Z
                2003-12-31T10:14:55.1234567891Z | 2003-12-31T10:14:55.123456789Z
                2003-12-31T10:14:55-08:00       | 2003-12-31T18:14:55Z
                2003-12-31T10:14:55+05:30       | 2003-12-31T04:44:55Z
                2003-12-31T10:14:55-00:00       | 2003-12-31T10:14:55Z
                2003-12-31 10:14:55Z            | 2003-12-31T10:14:55Z
                2018-10-23 04:07:42 +00:00      | 2018-10-23T04:07:42Z
                2018-10-23 04:07:42 -0300       | 2018-10-23T07:07:42Z
                2018-10-23 04:07:42 UTC         | 2018-10-23T04:07:42Z
                2018-10-23 04:07:42 PM          | 2018-10-23T16:07:42Z
                2018-10-23 04:07:42 XYZ         | none
                2016-12-31T23:59:60Z            | 2016-12-31T23:59:59.999999Z
                1990-12-31T15:59:60-08:00       | 1990-12-31T23:59:59.999999Z
                2003-12-31T10:14Z               | 2003-12-31T10:14:00Z
                2003-12-31                      | 2003-12-31T00:00:00Z
                2003-12                         | 2003-12-01T00:00:00Z
                2003                            | 2003-01-01T00:00:00Z
                2003-12-31+01:00                | 2003-12-30T23:00:00Z
                2003-12-31T10:14:55             | 2003-12-31T10:14:55Z
                2003-1-2 3:04:05                | 2003-01-02T03:04:05Z
                2003/12/31 10:14:55             | 2003-12-31T10:14:55Z
                2003-13-01T00:00:00Z            | none
                2003-02-29                      | none
                2003-12-31T25:00:00Z            | none
                2003-12-31T10:60:00Z            | none
                2003-12-31T10:14:61Z            | none
                2003-12-31T10:14:55+25:00       | none
                2003-12-31T10:14:55+01:60       | none
                2003-12-31T                     | none
                0000-00-00 00:00:00             | none
                0000-01-01T00:00:00Z            | none
                0001-01-01T00:00:00+14:00       | none""");
    }

    @Test
    void iso8601IsParsed() {
        assertTimes("""
                20031231T101455Z            | 2003-12-31T10:14:55Z
                20031231T101455+0100        | 2003-12-31T09:14:55Z
                20031231T101455-08          | 2003-12-31T18:14:55Z
                20031231T1014Z              | 2003-12-31T10:14:00Z
                20031231T10Z                | 2003-12-31T10:00:00Z
                20031231T101455,5Z          | 2003-12-31T10:14:55.5Z
                20031231                    | 2003-12-31T00:00:00Z
                20031231 10:14:55           | 2003-12-31T10:14:55Z
                2003-12-31T10:14,5Z         | 2003-12-31T10:14:30Z
                2003-12-31T10,25Z           | 2003-12-31T10:15:00Z
                2003-12-31T24:00:00Z        | 2004-01-01T00:00:00Z
                2003-12-31T24:00:01Z        | none
                2003-12-31T10:14:55\u221208 | 2003-12-31T18:14:55Z
                2003-365                    | 2003-12-31T00:00:00Z
                2003365T101455Z             | 2003-12-31T10:14:55Z
                2003-366                    | none
                2004-W01-1                  | 2003-12-29T00:00:00Z
                2004W537T10:14:55Z          | 2005-01-02T10:14:55Z
                2009-W53                    | 2009-12-28T00:00:00Z
                2003-W53-1                  | none
                2003-W01-8                  | none
                200312                      | none
                1072865695                  | none""");
    }

    @Test
    void rfc822And2822AreParsed() {
        assertTimes("""
                Thu, 01 Jan 2004 19:48:21 GMT               | 2004-01-01T19:48:21Z
                Thu, 01 Jan 2004 19:48:21 -0800             | 2004-01-02T03:48:21Z
                Thu, 01 Jan 2004 19:48:21 -0800 (PST)       | 2004-01-02T03:48:21Z
                Thu, 01 Jan 2004 19:48:21 +0530 IST         | 2004-01-01T14:18:21Z
                Fri,24 Nov 2023 18:28:36 -0000              | 2023-11-24T18:28:36Z
                1 Jan 04 19:48 UT                           | 2004-01-01T19:48:00Z
                Sat, 31 Dec 49 00:00:00 Z                   | 2049-12-31T00:00:00Z
                Sun, 01 Jan 50 00:00:00 Z                   | 1950-01-01T00:00:00Z
                Sat, 01 Jan 103 00:00:00 GMT                | 2003-01-01T00:00:00Z
                Thu, 01 Jan 2004                            | 2004-01-01T00:00:00Z
                thu, 1 january 2004 19:48:21 gmt            | 2004-01-01T19:48:21Z
                Thurs, 1 Sept. 2004 19:48:21 gmt            | 2004-09-01T19:48:21Z
                Fri, 21 Nov 1997 09(comment):   55  :  06 -0600 | 1997-11-21T15:55:06Z
                Thu,(a (nested \\) one) here)13 Feb 1969 23:32:54 -0330 (Newfoundland Time) | 1969-02-14T03:02:54Z
                Sat, 31 Dec 2016 23:59:60 GMT               | 2016-12-31T23:59:59.999999Z
                Wed, 31 Dec 2003 24:00:00 GMT               | 2004-01-01T00:00:00Z
                Mon, 31 Jun 2004 19:48:21 GMT               | none
                99 Feb 2020 00:00:00 GMT                    | none
                Thu, 01 Foo 2004 19:48:21 GMT               | none
                Thu, 01 Jan 2004 19:48:21 +2500             | none
                Thu, 01 Jan 2004 19:48:21 +0175             | none""");
    }

    @Test
    void commonVariationsAreParsed() {
        assertTimes("""
                Mon, May 25 2020 04:45:26 +0000               | 2020-05-25T04:45:26Z
                May 25, 2020 4:45 pm EDT                      | 2020-05-25T20:45:00Z
                Monday, May 25th, 2020 at 4:45 a.m.           | 2020-05-25T04:45:00Z
                Sun, 17 Dec 2017 1:55 PM                      | 2017-12-17T13:55:00Z
                Sun, 17 Dec 2017 1:55:10PM GMT                | 2017-12-17T13:55:10Z
                Sun, 17 Dec 2017 12:05 AM                     | 2017-12-17T00:05:00Z
                Sun, 17 Dec 2017 12:05 PM                     | 2017-12-17T12:05:00Z
                Sun, 17 Dec 2017 13:55 PM                     | 2017-12-17T13:55:00Z
                Sun, 17 Dec 2017 13:55 AM                     | none
                Sunday, 06-Nov-94 08:49:37 GMT                | 1994-11-06T08:49:37Z
                Sun Nov  6 08:49:37 1994                      | 1994-11-06T08:49:37Z
                Thu Jan 01 19:48:21 PST 2004                  | 2004-01-02T03:48:21Z
                Thu Jan 01 2004 19:48:21 GMT-0800 (PST)       | 2004-01-02T03:48:21Z
                2004 Jan 1 19:48:21                           | 2004-01-01T19:48:21Z
                Thu, 29 Oct 2020 07:36:03 GMT+0700            | 2020-10-29T00:36:03Z
                Thu, 29 Oct 2020 07:36:03 UTC+7               | 2020-10-29T00:36:03Z
                Thu, 29 Oct 2020 07:36:03 GMT -03:30          | 2020-10-29T11:06:03Z
                mar, 05 janv. 2010 10:00:00 GMT               | none
                05/06/2010                                    | none
                yesterday                                     | none
                Thu, 01 Jan 2004 19:48:21 GMT GMT             | none
                Thu, 01 Jan 2004 19:48:21 20:48:21            | none
                1:55 PM                                       | none
                12                                            | none""");
    }

    @Test
    void otherTextIsNotATime() {
        assertThat(FeedTime.parse("")).isNull();
        assertThat(FeedTime.parse("(".repeat(100))).isNull();
        assertThat(FeedTime.parse("2003-12-31" + " ".repeat(1000))).isNull();
    }

    @Test
    void zonesWithOneMeaningAreKnown() {
        assertTimes("""
                Thu, 29 Oct 2020 08:57:00 CET               | 2020-10-29T07:57:00Z
                Thu, 29 Oct 2020 08:57:00 CEST              | 2020-10-29T06:57:00Z
                Thu, 29 Oct 2020 08:57:00 BST               | 2020-10-29T07:57:00Z
                Thu, 29 Oct 2020 08:57:00 JST               | 2020-10-28T23:57:00Z
                Thu, 29 Oct 2020 08:57:00 Europe/Brussels   | 2020-10-29T07:57:00Z
                Thu, 29 Jul 2020 08:57:00 Europe/Brussels   | 2020-07-29T06:57:00Z
                Thu, 29 Jul 2020 08:57:00 America/Port-au-Prince | 2020-07-29T12:57:00Z
                Thu, 29 Oct 2020 08:57:00 IST               | none
                Thu, 29 Oct 2020 08:57:00 XXT               | none
                Thu, 29 Oct 2020 08:57:00 J                 | none""");
    }

    @Test
    void allZonesOfRfc822AreKnown() {
        var zones = "UT GMT Z EST EDT CST CDT MST MDT PST PDT A B C D E F G H I K L M N O P Q R S T U V W X Y"
                .split(" ", -1);
        var hours = new int[] {
            0, 0, 0, -5, -4, -6, -5, -7, -6, -8, -7, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, 1, 2, 3, 4, 5,
            6, 7, 8, 9, 10, 11, 12
        };
        var local = LocalDateTime.of(2004, 1, 1, 19, 48, 21);
        for (int i = 0; i < zones.length; i++) {
            assertThat(FeedTime.parse("Thu, 01 Jan 2004 19:48:21 " + zones[i]))
                    .as(zones[i])
                    .isEqualTo(local.toInstant(ZoneOffset.ofHours(hours[i])));
        }
    }
}
