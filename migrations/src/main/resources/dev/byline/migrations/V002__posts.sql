-- How posts are searched: accents don't count, words are reduced to their stems. The language is that of
-- byline.search_language when this runs (BYLINE_SEARCH_LANGUAGE sets it), English by default; docs/indexes.md says how to
-- change it later. A configuration of our own, named as a constant, keeps the generated column's expression immutable.
DO
$$
DECLARE
    language text := coalesce(nullif(current_setting('byline.search_language', true), ''), 'english');
    accents regdictionary;
BEGIN
    -- It may have been there before, in any schema. A new one isn't created in this schema: it is for the whole database, and dropping
    -- this schema would remove the column "search" of posts in others.
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'unaccent') THEN
        IF to_regnamespace('public') IS NULL OR NOT has_schema_privilege('public', 'USAGE') THEN
            RAISE EXCEPTION 'the extension unaccent is not installed: CREATE EXTENSION unaccent, in a schema that the role % may use',
                current_user USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        BEGIN
            CREATE EXTENSION unaccent SCHEMA public;
        EXCEPTION
            WHEN unique_violation OR duplicate_object THEN
                NULL; -- created at the same time, for another schema
        END;
    END IF;
    SELECT d.oid INTO accents
        FROM pg_ts_dict d JOIN pg_extension e ON e.extnamespace = d.dictnamespace
        WHERE e.extname = 'unaccent' AND d.dictname = 'unaccent' AND has_schema_privilege(e.extnamespace, 'USAGE');
    IF accents IS NULL THEN
        RAISE EXCEPTION 'the role % may not use the schema of the extension unaccent', current_user
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format('CREATE TEXT SEARCH CONFIGURATION byline (COPY = %I)', language);
    EXECUTE format('ALTER TEXT SEARCH CONFIGURATION byline ALTER MAPPING FOR hword, hword_part, word WITH %s, %I',
        accents, CASE language WHEN 'simple' THEN language ELSE language || '_stem' END);
END
$$;

-- What of a text is searched, in posts as in queries: its words, in lower case, of the first 20,000 characters; dense text takes up to 8.4
-- bytes a character in a tsvector, which has room for 1 MB. What is no letter, digit or combining mark becomes a space, by Unicode's
-- classes: PostgreSQL's parser goes by the database's lc_ctype, and takes each character beyond ASCII for a letter when that is C. Without
-- '_', '/', '<', '~', '.' and '@' there is also no long run of what could become a host, a path, an e-mail address or a tag, for which
-- the parser takes quadratic time.
CREATE FUNCTION search_text(content text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS
$$
DECLARE
    searched text := lower(left(content, 20000) COLLATE "und-x-icu");
    -- The letters, digits and combining marks of Unicode 16, and what isn't assigned between two of them.
    -- SearchTest holds this equal to Character.getType.
    signs CONSTANT text := '[^-a-z0-9''"\u00aa\u00ad\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02c1\u02c6-\u02d1\u02e0-\u02e4\u02ec\u02ee'
        '\u0300-\u0374\u0376-\u037d\u037f\u0386\u0388-\u03f5\u03f7-\u0481\u0483-\u0559\u0560-\u0588\u0591-\u05bd\u05bf'
        '\u05c1-\u05c2\u05c4-\u05c5\u05c7-\u05f2\u0610-\u061a\u0620-\u0669\u066e-\u06d3\u06d5-\u06dc\u06df-\u06e8'
        '\u06ea-\u06fc\u06ff\u0710-\u07f5\u07fa-\u07fd\u0800-\u082d\u0840-\u085b\u0860-\u0887\u0889-\u088e\u0897-\u08e1'
        '\u08e3-\u0963\u0966-\u096f\u0971-\u09f1\u09fc\u09fe-\u0a75\u0a81-\u0aef\u0af9-\u0b6f\u0b71\u0b82-\u0bef'
        '\u0c00-\u0c6f\u0c80-\u0c83\u0c85-\u0d4e\u0d54-\u0d57\u0d5f-\u0d6f\u0d7a-\u0df3\u0e01-\u0e3a\u0e40-\u0e4e'
        '\u0e50-\u0e59\u0e81-\u0f00\u0f18-\u0f19\u0f20-\u0f29\u0f35\u0f37\u0f39\u0f3e-\u0f84\u0f86-\u0fbc\u0fc6'
        '\u1000-\u1049\u1050-\u109d\u10a0-\u10fa\u10fc-\u135f\u1380-\u138f\u13a0-\u13fd\u1401-\u166c\u166f-\u167f'
        '\u1681-\u169a\u16a0-\u16ea\u16ee-\u1734\u1740-\u17d3\u17d7\u17dc-\u17e9\u180b-\u180d\u180f-\u193b\u1946-\u19d9'
        '\u1a00-\u1a1b\u1a20-\u1a99\u1aa7\u1ab0-\u1b4c\u1b50-\u1b59\u1b6b-\u1b73\u1b80-\u1bf3\u1c00-\u1c37\u1c40-\u1c7d'
        '\u1c80-\u1cbf\u1cd0-\u1cd2\u1cd4-\u1fbc\u1fbe\u1fc2-\u1fcc\u1fd0-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ffc\u2071\u207f'
        '\u2090-\u209c\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2139\u213c-\u213f'
        '\u2145-\u2149\u214e\u2160-\u2188\u2c00-\u2ce4\u2ceb-\u2cf3\u2d00-\u2d6f\u2d7f-\u2dff\u2e2f\u3005-\u3007'
        '\u3021-\u302f\u3031-\u3035\u3038-\u303c\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u318e\u31a0-\u31bf'
        '\u31f0-\u31ff\u3400-\u4dbf\u4e00-\ua48c\ua4d0-\ua4fd\ua500-\ua60c\ua610-\ua672\ua674-\ua67d\ua67f-\ua6f1'
        '\ua717-\ua71f\ua722-\ua788\ua78b-\ua827\ua82c\ua840-\ua873\ua880-\ua8c5\ua8d0-\ua8f7\ua8fb\ua8fd-\ua92d'
        '\ua930-\ua953\ua960-\ua9c0\ua9cf-\ua9d9\ua9e0-\uaa59\uaa60-\uaa76\uaa7a-\uaadd\uaae0-\uaaef\uaaf2-\uab5a'
        '\uab5c-\uab69\uab70-\uabea\uabec-\ud7fb\uf900-\ufb28\ufb2a-\ufbb1\ufbd3-\ufd3d\ufd50-\ufdc7\ufdf0-\ufdfb'
        '\ufe20-\ufe2f\ufe70-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc\U00010000-\U000100fa'
        '\U00010140-\U00010174\U000101fd-\U000102e0\U00010300-\U0001031f\U0001032d-\U0001039d\U000103a0-\U000103cf'
        '\U000103d1-\U00010563\U00010570-\U00010855\U00010860-\U00010876\U00010880-\U0001089e\U000108e0-\U000108f5'
        '\U00010900-\U00010915\U00010920-\U00010939\U00010980-\U000109b7\U000109be-\U000109bf\U00010a00-\U00010a3f'
        '\U00010a60-\U00010a7c\U00010a80-\U00010a9c\U00010ac0-\U00010ac7\U00010ac9-\U00010ae6\U00010b00-\U00010b35'
        '\U00010b40-\U00010b55\U00010b60-\U00010b72\U00010b80-\U00010b91\U00010c00-\U00010cf2\U00010d00-\U00010d6d'
        '\U00010d6f-\U00010d85\U00010e80-\U00010eac\U00010eb0-\U00010f1c\U00010f27-\U00010f50\U00010f70-\U00010f85'
        '\U00010fb0-\U00010fc4\U00010fe0-\U00011046\U00011066-\U000110ba\U000110c2\U000110d0-\U0001113f'
        '\U00011144-\U00011173\U00011176-\U000111c4\U000111c9-\U000111cc\U000111ce-\U000111da\U000111dc'
        '\U00011200-\U00011237\U0001123e-\U000112a8\U000112b0-\U000113d3\U000113e1-\U0001144a\U00011450-\U00011459'
        '\U0001145e-\U000114c5\U000114c7-\U000115c0\U000115d8-\U00011640\U00011644-\U00011659\U00011680-\U000116b8'
        '\U000116c0-\U00011739\U00011740-\U0001183a\U000118a0-\U000118e9\U000118ff-\U00011943\U00011950-\U000119e1'
        '\U000119e3-\U00011a3e\U00011a47-\U00011a99\U00011a9d\U00011ab0-\U00011af8\U00011bc0-\U00011be0'
        '\U00011bf0-\U00011c40\U00011c50-\U00011c59\U00011c72-\U00011ef6\U00011f00-\U00011f42\U00011f50-\U00011fb0'
        '\U00012000-\U0001246e\U00012480-\U00012ff0\U00013000-\U0001342f\U00013440-\U00016a69\U00016a70-\U00016af4'
        '\U00016b00-\U00016b36\U00016b40-\U00016b43\U00016b50-\U00016b59\U00016b63-\U00016d6c\U00016d70-\U00016e7f'
        '\U00016f00-\U00016fe1\U00016fe3-\U0001bc99\U0001bc9d-\U0001bc9e\U0001ccf0-\U0001ccf9\U0001cf00-\U0001cf46'
        '\U0001d165-\U0001d169\U0001d16d-\U0001d172\U0001d17b-\U0001d182\U0001d185-\U0001d18b\U0001d1aa-\U0001d1ad'
        '\U0001d242-\U0001d244\U0001d400-\U0001d6c0\U0001d6c2-\U0001d6da\U0001d6dc-\U0001d6fa\U0001d6fc-\U0001d714'
        '\U0001d716-\U0001d734\U0001d736-\U0001d74e\U0001d750-\U0001d76e\U0001d770-\U0001d788\U0001d78a-\U0001d7a8'
        '\U0001d7aa-\U0001d7c2\U0001d7c4-\U0001d7ff\U0001da00-\U0001da36\U0001da3b-\U0001da6c\U0001da75\U0001da84'
        '\U0001da9b-\U0001e14e\U0001e290-\U0001e2f9\U0001e4d0-\U0001e5fa\U0001e7e0-\U0001e8c4\U0001e8d0-\U0001e959'
        '\U0001ee00-\U0001eebb\U0001fbf0-\U000323af]+';
    -- All but what is known to be no combining mark that normalize would have to put in order, in quadratic time.
    many_marks CONSTANT text := '[^\u0001-\u02ff\u0370-\u0482\u048a-\u0590\u05d0-\u060f\u061b-\u064a\u0660-\u066f\u0671-\u06d5\u0e00-\u0e37'
        '\u0e3b-\u0e47\u0e4c-\u0eb7\u0f00-\u0f17\u1000-\u1036\u103b-\u108c\u10a0-\u135c\u1360-\u1713\u1780-\u17d1'
        '\u1d00-\u1dbf\u1e00-\u20cf\u2100-\u2cee\u2e00-\u3029\u3030-\u3098\u309b-\ua66e\uac00-\ufb1d\ufe30-\uffff'
        '\U0001f000-\U0003ffff]{31}';
BEGIN
    IF octet_length(searched) > char_length(searched) THEN
        -- Apostrophes and hyphens of all forms; what is invisible within a word: soft hyphens, joiners, variation selectors.
        searched := regexp_replace(
            translate(searched, U&'\2019\02BC\FF07\2010\2011\00AD\200C\200D', '''''''--'),
            '[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]', '', 'g');
        IF searched COLLATE "C" !~ many_marks THEN
            searched := normalize(searched);
        END IF;
        -- Accents that nothing is composed with.
        searched := regexp_replace(searched COLLATE "C", '[\u0300-\u036f]+', '', 'g');
    END IF;
    -- A minus would make another number of the one behind it.
    RETURN regexp_replace(regexp_replace(searched COLLATE "C", signs, ' ', 'g'), '-(?=[0-9])', ' ', 'g');
END
$$;

CREATE TABLE posts (
    id           bigint      GENERATED BY DEFAULT AS IDENTITY,
    user_id      bigint      NOT NULL,
    title        text        NOT NULL,
    body         text        NOT NULL,
    metadata     jsonb       NOT NULL DEFAULT '{}',
    published_at timestamptz, -- null: a draft
    version      bigint      NOT NULL DEFAULT 1, -- goes up by one with each change: caches and ETags rely on it
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    search       tsvector    GENERATED ALWAYS AS (setweight(to_tsvector('byline', search_text(title)), 'A') ||
                     setweight(to_tsvector('byline', search_text(body)), 'B')) STORED,
    CONSTRAINT posts_pkey PRIMARY KEY (id),
    CONSTRAINT posts_id_check CHECK (id > 0),
    -- No ON DELETE CASCADE: a user's 100,000 posts would go in one statement. They go in batches, then the user.
    CONSTRAINT posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT posts_title_check CHECK (char_length(title) BETWEEN 1 AND 500),
    CONSTRAINT posts_body_check CHECK (char_length(body) <= 200000),
    CONSTRAINT posts_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT posts_metadata_size_check CHECK (octet_length(metadata::text) <= 16384)
);

-- Never compressed: the stored size, which is known without reading it, says how much there is to read.
ALTER TABLE posts ALTER COLUMN search SET STORAGE EXTERNAL;

-- The newest 500 published posts after a position: whether each matches a search, a containment, or both. Vectors of more than 2 kB lie
-- outside of their rows, and reading hundreds of them takes as long as everything else together: matches is null for these.
CREATE FUNCTION newest_posts(query tsquery, contained jsonb, author bigint, before_time timestamptz, before_id bigint)
    RETURNS TABLE (id bigint, published_at timestamptz, size integer, matches boolean)
    LANGUAGE sql STABLE ROWS 500 AS
$$
    SELECT w.id, w.published_at, w.size,
        CASE WHEN w.user_id IN (SELECT u.id FROM users u WHERE u.deleted_at IS NOT NULL) THEN false
             WHEN (query IS NULL OR w.size <= 2000)
                 AND (contained IS NULL OR pg_column_size(w.metadata) <= 2000
                     AND pg_column_compression(w.metadata) IS NULL)
             THEN (query IS NULL OR w.search @@ query) AND (contained IS NULL OR w.metadata @> contained)
        END
    FROM (SELECT p.id, p.published_at, p.user_id, p.search, p.metadata, pg_column_size(p.search) AS size
          FROM posts p
          WHERE p.published_at IS NOT NULL
            AND (author IS NULL OR p.user_id = author)
            AND (before_time IS NULL OR (p.published_at, p.id) < (before_time, before_id))
          ORDER BY p.published_at DESC, p.id DESC
          LIMIT 500) w
$$;

-- Which posts match, among those whose id divided by 16 is given, by the index alone: GIN goes on to the entries that all keys have, so that
-- a common word costs as little as those few posts. No other index may be used: the planner doesn't know that a long vector takes long to
-- read, and would filter all rows of a small table. COALESCE, as in the index's condition, hides that the feed's indexes hold these rows, too.
CREATE FUNCTION match_posts(sixteens bigint[], words tsquery, contained jsonb) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE ROWS 20
    SET enable_seqscan = off SET enable_indexscan = off SET plan_cache_mode = force_custom_plan SET jit = off AS
$$
BEGIN
    RETURN QUERY
        SELECT p.id
        FROM posts p
        WHERE coalesce(p.published_at IS NOT NULL, false)
          AND ARRAY[p.id / 16] && sixteens
          AND (words IS NULL OR p.search @@ words)
          AND (contained IS NULL OR p.metadata @> contained);
END
$$;

-- Whether so many posts match that reading the feed on is cheaper than taking all matches from the index, by a sample of pages.
CREATE FUNCTION are_common(words tsquery, contained jsonb) RETURNS boolean
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan SET jit = off AS
$$
DECLARE
    total double precision;
    share real;
    sampled double precision;
    hits double precision;
    long_ids bigint[];
BEGIN
    -- Not relpages: these are as old as the last ANALYZE, and 0 before the first.
    SELECT c.reltuples, 2500.0 / greatest(pg_relation_size(c.oid) / current_setting('block_size')::bigint, 25) INTO total, share
        FROM pg_class c WHERE c.oid = 'posts'::regclass;
    SELECT count(*), count(*) FILTER (WHERE s.matches), array_agg(s.id) FILTER (WHERE s.matches IS NULL)
        INTO sampled, hits, long_ids
        FROM (SELECT p.id,
                CASE WHEN (words IS NULL OR pg_column_size(p.search) <= 2000)
                        AND (contained IS NULL OR pg_column_size(p.metadata) <= 2000
                            AND pg_column_compression(p.metadata) IS NULL)
                    THEN (words IS NULL OR p.search @@ words) AND (contained IS NULL OR p.metadata @> contained)
                END AS matches
              FROM posts p TABLESAMPLE SYSTEM (share) REPEATABLE (0)) s;
    IF long_ids IS NOT NULL THEN
        hits := hits + (
            SELECT count(*)
            FROM match_posts(ARRAY(SELECT DISTINCT i / 16 FROM unnest(long_ids) i), words, contained) m
            WHERE m = ANY (long_ids));
    END IF;
    RETURN hits * hits * total > 12 * sampled * sampled;
END
$$;

-- The newest published posts that match a search, a containment, or both. The planner can't know whether the newest rows match: for a
-- common word reading the feed's index until enough are found is best, for a rare one that reads everything. So the newest 500 rows are
-- looked at first, then either the next 500 and so on, or all matches are taken from the GIN index. The settings hold inside the
-- function only, so a pooled connection never keeps them: never a sequential scan, and a plan for the values at hand.
--
-- What others have stored must not make a search dear: long vectors are read only where the index says that they may match, and at most
-- 2 MB of them. GIN knows which words a post has, not where they stand nor which it lacks: for phrases and exclusions it gives
-- candidates, of which the newest 10,000 are looked at. If a search ends there, the last row says how far it got (found_id is null):
-- the caller goes on from there.
CREATE FUNCTION find_posts(query tsquery, contained jsonb, author bigint, before_time timestamptz, before_id bigint,
                           wanted integer)
    RETURNS TABLE (found_id bigint, found_at timestamptz, edge_id bigint)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path FROM CURRENT SET enable_seqscan = off SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '16MB' AS
$$
#variable_conflict use_variable
DECLARE
    max_rows CONSTANT integer := 10000;
    bytes_left bigint := 2000000;
    -- What GIN can be asked for: the query without its exclusions; T where nothing is left.
    tree CONSTANT text := querytree(query);
    is_exact CONSTANT boolean := query IS NULL OR tree <> 'T' AND query::text !~ '<(-|[0-9]+)>';
    words CONSTANT tsquery := CASE
        WHEN is_exact THEN query
        WHEN tree <> 'T' THEN regexp_replace(tree, '<(-|[0-9]+)>', '&', 'g')::tsquery
    END;
    seen integer := 0;
    so_far integer := 0;
    last_time timestamptz := before_time; -- where the newest 500 begin
    last_id bigint := before_id;
    read_time timestamptz; -- how far these are read
    read_id bigint;
    ids bigint[];
    times timestamptz[];
    any_long boolean;
    common boolean := CASE WHEN words IS NULL AND NOT is_exact THEN true END; -- null: not known yet
    candidate record;
BEGIN
    LOOP
        -- Stops where there are enough if all long ones match.
        SELECT array_agg(m.id), array_agg(m.published_at), bool_or(m.matches IS NULL) INTO ids, times, any_long
            FROM (SELECT n.id, n.published_at, n.matches
                  FROM newest_posts(query, contained, author, last_time, last_id) n
                  WHERE n.matches IS NOT FALSE
                  ORDER BY n.published_at DESC, n.id DESC
                  LIMIT wanted - so_far) m;
        IF any_long THEN
            read_time := last_time;
            read_id := last_id;
            FOR candidate IN
                WITH newest AS MATERIALIZED (
                    SELECT n.* FROM newest_posts(query, contained, author, last_time, last_id) n),
                candidates AS (
                    SELECT n.*, sum(n.size) FILTER (WHERE n.matches IS NULL)
                        OVER (ORDER BY n.published_at DESC, n.id DESC) - n.size AS bytes_before
                    FROM newest n
                    WHERE n.matches OR n.matches IS NULL AND (words IS NULL AND contained IS NULL OR n.id IN (
                        SELECT match_posts(ARRAY(SELECT DISTINCT l.id / 16 FROM newest l WHERE l.matches IS NULL),
                                           words, contained))))
                SELECT c.id, c.published_at, CASE WHEN c.matches IS NULL AND NOT is_exact THEN c.size ELSE 0 END AS size,
                    CASE WHEN c.matches OR is_exact THEN true
                         WHEN c.bytes_before < bytes_left THEN (SELECT p.search @@ query FROM posts p WHERE p.id = c.id)
                    END AS matches -- null: too much has been read
                FROM candidates c
                ORDER BY c.published_at DESC, c.id DESC
            LOOP
                IF candidate.matches IS NULL THEN
                    RETURN QUERY SELECT NULL::bigint, read_time, read_id;
                    RETURN;
                END IF;
                IF candidate.matches THEN
                    found_id := candidate.id;
                    found_at := candidate.published_at;
                    RETURN NEXT;
                    so_far := so_far + 1;
                    EXIT WHEN so_far = wanted;
                END IF;
                bytes_left := bytes_left - candidate.size;
                read_time := candidate.published_at;
                read_id := candidate.id;
            END LOOP;
        ELSE
            RETURN QUERY SELECT f.id, f.at, NULL::bigint FROM unnest(ids, times) AS f (id, at);
            so_far := so_far + coalesce(cardinality(ids), 0);
        END IF;
        IF so_far = wanted THEN
            RETURN;
        END IF;
        SELECT p.published_at, p.id INTO read_time, read_id
            FROM posts p
            WHERE p.published_at IS NOT NULL
              AND (author IS NULL OR p.user_id = author)
              AND (last_time IS NULL OR (p.published_at, p.id) < (last_time, last_id))
            ORDER BY p.published_at DESC, p.id DESC
            OFFSET 499 LIMIT 1;
        IF read_id IS NULL THEN
            RETURN;
        END IF;
        last_time := read_time;
        last_id := read_id;
        seen := seen + 500;
        IF seen >= 4 * wanted THEN
            common := coalesce(common, are_common(words, contained));
            EXIT WHEN NOT common OR seen = max_rows;
        END IF;
    END LOOP;
    IF is_exact THEN
        RETURN QUERY
            WITH matches AS MATERIALIZED (
                SELECT p.id, p.published_at
                FROM posts p
                WHERE coalesce(p.published_at IS NOT NULL, false) -- as the index has it
                  AND (words IS NULL OR p.search @@ words)
                  AND (contained IS NULL OR p.metadata @> contained)
                  AND (author IS NULL OR p.user_id = author)
                  AND p.user_id NOT IN (SELECT u.id FROM users u WHERE u.deleted_at IS NOT NULL))
            SELECT m.id, m.published_at, NULL::bigint
            FROM matches m
            WHERE (m.published_at, m.id) < (last_time, last_id)
            ORDER BY m.published_at DESC, m.id DESC
            LIMIT wanted - so_far;
        RETURN;
    END IF;
    IF common OR bytes_left <= 0 THEN
        RETURN QUERY SELECT NULL::bigint, last_time, last_id;
        RETURN;
    END IF;
    RETURN QUERY
        WITH candidates AS MATERIALIZED (
            SELECT p.id, p.published_at, pg_column_size(p.search) AS size
            FROM posts p
            WHERE coalesce(p.published_at IS NOT NULL, false)
              AND p.search @@ words
              AND (contained IS NULL OR p.metadata @> contained)
              AND (author IS NULL OR p.user_id = author)
              AND p.user_id NOT IN (SELECT u.id FROM users u WHERE u.deleted_at IS NOT NULL)),
        newest AS MATERIALIZED (
            SELECT c.id, c.published_at, coalesce(sum(c.size) FILTER (WHERE c.size > 2000) OVER (
                ORDER BY c.published_at DESC, c.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
            FROM candidates c
            WHERE (c.published_at, c.id) < (last_time, last_id)
            ORDER BY c.published_at DESC, c.id DESC
            LIMIT max_rows),
        hits AS MATERIALIZED (
            SELECT h.id, n.published_at
            FROM (SELECT r.id, r.published_at
                  FROM newest r
                  WHERE r.bytes_before < bytes_left
                  ORDER BY r.published_at DESC, r.id DESC) n,
                LATERAL (SELECT p.id FROM posts p WHERE p.id = n.id AND p.search @@ query OFFSET 0) h
            LIMIT wanted - so_far)
        SELECT h.id, h.published_at, NULL::bigint FROM hits h
        UNION ALL
        (SELECT NULL::bigint, n.published_at, n.id
         FROM newest n
         WHERE n.bytes_before < bytes_left
           AND (SELECT count(*) = max_rows OR bool_or(u.bytes_before >= bytes_left) FROM newest u)
           AND (SELECT count(*) FROM hits) < wanted - so_far
         ORDER BY n.published_at, n.id
         LIMIT 1);
END
$$;

-- The same for users: the newest 500 after a position, and whether their metadata contains this. Metadata that is compressed or lies outside of
-- its row takes long to read: matches is null for it.
CREATE FUNCTION newest_users(contained jsonb, active boolean, before_time timestamptz, before_id bigint)
    RETURNS TABLE (id bigint, created_at timestamptz, matches boolean)
    LANGUAGE sql STABLE ROWS 500 AS
$$
    SELECT w.id, w.created_at,
        CASE WHEN pg_column_size(w.metadata) <= 2000 AND pg_column_compression(w.metadata) IS NULL
             THEN w.metadata @> contained
        END
    FROM (SELECT u.id, u.created_at, u.metadata
          FROM users u
          WHERE u.deleted_at IS NULL
            AND (active IS NULL OR u.is_active = active)
            AND (before_time IS NULL OR (u.created_at, u.id) < (before_time, before_id))
          ORDER BY u.created_at DESC, u.id DESC
          LIMIT 500) w
$$;

-- As match_posts.
CREATE FUNCTION match_users(sixteens bigint[], contained jsonb) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE ROWS 20
    SET enable_seqscan = off SET enable_indexscan = off SET plan_cache_mode = force_custom_plan SET jit = off AS
$$
BEGIN
    RETURN QUERY
        SELECT u.id
        FROM users u
        WHERE u.deleted_at IS NULL AND ARRAY[u.id / 16] && sixteens AND u.metadata @> contained;
END
$$;

-- The newest users whose metadata contains this, as find_posts: among the newest 500, then by the GIN index.
CREATE FUNCTION find_users(contained jsonb, active boolean, before_time timestamptz, before_id bigint, wanted integer)
    RETURNS TABLE (found_id bigint, found_at timestamptz)
    LANGUAGE plpgsql STABLE ROWS 20 SET search_path FROM CURRENT SET enable_seqscan = off SET plan_cache_mode = force_custom_plan SET jit = off AS
$$
#variable_conflict use_variable
DECLARE
    ids bigint[];
    times timestamptz[];
    any_long boolean;
    edge_time timestamptz;
    edge_id bigint;
    so_far integer;
BEGIN
    SELECT array_agg(m.id), array_agg(m.created_at), bool_or(m.matches IS NULL) INTO ids, times, any_long
        FROM (SELECT n.id, n.created_at, n.matches
              FROM newest_users(contained, active, before_time, before_id) n
              WHERE n.matches IS NOT FALSE
              ORDER BY n.created_at DESC, n.id DESC
              LIMIT wanted) m;
    IF any_long THEN
        RETURN QUERY
            WITH newest AS MATERIALIZED (SELECT n.* FROM newest_users(contained, active, before_time, before_id) n)
            SELECT n.id, n.created_at
            FROM newest n
            WHERE n.matches OR n.matches IS NULL AND n.id IN (
                SELECT match_users(ARRAY(SELECT DISTINCT l.id / 16 FROM newest l WHERE l.matches IS NULL), contained))
            ORDER BY n.created_at DESC, n.id DESC
            LIMIT wanted;
    ELSE
        RETURN QUERY SELECT f.id, f.at FROM unnest(ids, times) AS f (id, at);
    END IF;
    GET DIAGNOSTICS so_far = ROW_COUNT;
    IF so_far = wanted THEN
        RETURN;
    END IF;
    SELECT u.created_at, u.id INTO edge_time, edge_id
        FROM users u
        WHERE u.deleted_at IS NULL
          AND (active IS NULL OR u.is_active = active)
          AND (before_time IS NULL OR (u.created_at, u.id) < (before_time, before_id))
        ORDER BY u.created_at DESC, u.id DESC
        OFFSET 499 LIMIT 1;
    IF edge_id IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
        WITH matches AS MATERIALIZED (
            SELECT u.id, u.created_at
            FROM users u
            WHERE u.deleted_at IS NULL AND u.metadata @> contained AND (active IS NULL OR u.is_active = active))
        SELECT m.id, m.created_at
        FROM matches m
        WHERE (m.created_at, m.id) < (edge_time, edge_id)
        ORDER BY m.created_at DESC, m.id DESC
        LIMIT wanted - so_far;
END
$$;
