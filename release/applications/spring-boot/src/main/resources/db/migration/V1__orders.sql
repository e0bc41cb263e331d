CREATE TABLE users (login text PRIMARY KEY); -- the host's: Byline has a table of this name in its own schema
INSERT INTO users VALUES ('root');
CREATE TABLE orders (id bigint PRIMARY KEY, buyer bigint NOT NULL REFERENCES byline.users ON DELETE CASCADE);
