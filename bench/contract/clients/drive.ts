// Runs the scenario of clients.sh with the generated TypeScript client; Drive.java runs the same.
import {
    Configuration,
    PostsApi,
    type Problem,
    ProblemFromJSON,
    ResponseError,
    TokensApi,
    UsersApi,
} from '../out/typescript/index.js';

declare const process: { argv: string[]; exitCode: number };
const [url, adminToken] = process.argv.slice(2) as [string, string];

const configuration = (accessToken?: string) =>
    new Configuration(accessToken === undefined ? { basePath: url } : { basePath: url, accessToken });

async function scenario(): Promise<void> {
    const email = `typescript-${crypto.randomUUID()}@example.com`;
    const password: string = crypto.randomUUID();

    const anyone = configuration();
    const user = await new UsersApi(anyone).createUser({ newUser: { email, name: 'Tüpe', password } });
    equal('Tüpe', user.name);
    equal(email, user.email);
    pass('sign up');

    const issued = await new TokensApi(anyone).logIn({ login: { email, password } });
    const me = configuration(issued.token);
    const posts = new PostsApi(me);
    const users = new UsersApi(me);
    const tokens = new TokensApi(me);
    equal(1, (await tokens.listTokens()).tokens.length);
    pass('log in');

    const given = await new TokensApi(configuration(adminToken)).issueTokenForUser({
        id: user.id,
        tokenLifetime: { days: 1 },
    });
    await new TokensApi(configuration(given.token)).revokeCurrentToken();
    pass('an admin issues a token, its user revokes it');

    const idempotencyKey = crypto.randomUUID();
    const newPost = { title: 'Hello', body: 'First post.', metadata: { lang: 'en' } };
    const first = await posts.createPostRaw({ newPost, idempotencyKey });
    const again = await posts.createPostRaw({ newPost, idempotencyKey });
    equal(201, first.raw.status);
    equal(201, again.raw.status);
    const { id } = await first.value();
    equal(id, (await again.value()).id);
    equal(null, first.raw.headers.get('Idempotency-Replayed'));
    equal('true', again.raw.headers.get('Idempotency-Replayed'));
    pass('create a post twice with one Idempotency-Key: one post');

    await problem(422, 'key-reused', posts.createPost({ newPost: { title: 'Other', body: '' }, idempotencyKey }));
    pass('the key with another post: 422 problem');

    const read = await posts.getPostRaw({ id });
    const etag = read.raw.headers.get('ETag') ?? undefined;
    equal('string', typeof etag);
    equal({ lang: 'en' }, (await read.value()).metadata);
    equal(first.raw.headers.get('ETag'), etag);
    await fails(304, posts.getPost({ id, ifNoneMatch: etag }));
    pass('read with an ETag, 304 with If-None-Match');

    const batch = await posts.createPosts({
        newPosts: {
            posts: [
                { title: 'Engines', body: 'On engines.' },
                { title: 'Later', body: '', status: 'draft' },
            ],
        },
    });
    equal(2, batch.posts.length);
    equal(true, batch.posts[0]?.publishedAt instanceof Date);
    equal(null, batch.posts[1]?.publishedAt);
    pass('create a batch');

    const seen = new Set<number>();
    let cursor: string | null = null;
    let pages = 0;
    do {
        const page = await posts.listPosts({ author: user.id, limit: 1, cursor: cursor ?? undefined });
        for (const post of page.posts) {
            equal(false, seen.has(post.id));
            seen.add(post.id);
        }
        cursor = page.nextCursor;
        pages++;
    } while (cursor !== null && pages < 10);
    equal(2, pages);
    equal(2, seen.size);
    const ids = [batch.posts[0]?.id ?? 0, id];
    const named = await posts.listPosts({ ids });
    equal(ids, named.posts.map((post) => post.id));
    pass('list by cursor to the next page, and by ids');

    const changed = await posts.changePostRaw({ id, postChange: { title: 'Hello, world' }, ifMatch: etag });
    const now = await changed.value();
    equal('Hello, world', now.title);
    equal('First post.', now.body);
    equal({ lang: 'en' }, now.metadata);
    equal(false, changed.raw.headers.get('ETag') === etag);
    pass('patch with If-Match');

    await problem(412, 'stale', posts.changePost({ id, postChange: { title: 'Lost' }, ifMatch: etag }));
    pass('patch with a stale If-Match: 412 problem');

    const cleared = await posts.changePost({
        id,
        postChange: { metadata: null },
        ifMatch: changed.raw.headers.get('ETag') ?? undefined,
    });
    equal({}, cleared.metadata);
    pass('patch metadata with null');

    const withPosts = await users.getUser({ id: user.id, include: 'posts' });
    equal(3, withPosts.posts?.length);
    equal(email, withPosts.email);
    pass('read a user with their posts');

    // docs: clients
    const second = await new TokensApi(anyone).logIn({ login: { email, password } });
    equal(user.id, second.userId);
    const device = new PostsApi(configuration(second.token));
    const drafts = await device.listMyPosts({ status: 'draft' });
    equal(['Later'], drafts.posts.map((post) => post.title));
    const draft = await device.getPostRaw({ id: drafts.posts[0]?.id ?? 0 });
    const published = await device.changePost({
        id: (await draft.value()).id,
        postChange: { title: 'Now', status: 'published' },
        ifMatch: draft.raw.headers.get('ETag') ?? undefined,
    });
    equal(true, published.publishedAt instanceof Date);
    const feed = await device.listPosts({ include: 'author' });
    const names = new Map(feed.authors?.map((author) => [author.id, author.name]));
    equal(['Now', 'Tüpe'], [feed.posts[0]?.title, names.get(feed.posts[0]?.userId ?? 0)]);
    // end
    pass('on a second device: log in, find the draft, publish it with If-Match, show a feed with names');

    const taken = await problem(409, 'conflict', new UsersApi(anyone).createUser({ newUser: { email, name: 'Again' } }));
    equal('email_taken', taken.reason);
    equal('email', taken.errors?.[0]?.field);
    pass('a taken address: 409 problem with a reason and the field');

    const invalid = await problem(422, 'invalid', posts.createPost({ newPost: { title: '', body: '' } }));
    equal('title', invalid.errors?.[0]?.field);
    pass('an empty title: 422 problem that names the field');

    const current = await posts.getPostRaw({ id });
    await posts.deletePost({ id, ifMatch: current.raw.headers.get('ETag') ?? undefined });
    pass('delete');

    await problem(404, 'not-found', posts.getPost({ id }));
    pass('a post that is gone: 404 problem');

    const mine = await users.getUserRaw({ id: user.id });
    await users.deleteUser({ id: user.id, ifMatch: mine.raw.headers.get('ETag') ?? undefined });
    await problem(401, 'unauthenticated', tokens.listTokens());
    pass('delete the user, whose token is then no good: 401 problem');
}

async function fails(status: number, call: Promise<unknown>): Promise<Response> {
    try {
        await call;
    } catch (e) {
        if (e instanceof ResponseError && e.response.status === status) {
            return e.response;
        }
        throw e;
    }
    throw new Error(`expected status ${status}, but it went well`);
}

async function problem(status: number, type: string, call: Promise<unknown>): Promise<Problem> {
    const response = await fails(status, call);
    equal('application/problem+json', response.headers.get('Content-Type'));
    const found = ProblemFromJSON(await response.json());
    equal(`urn:byline:problem:${type}`, found.type);
    equal(status, found.status);
    equal(response.headers.get('X-Request-Id'), found.requestId);
    return found;
}

function equal(expected: unknown, actual: unknown): void {
    if (JSON.stringify(expected) !== JSON.stringify(actual)) {
        throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
    }
}

let last = 'the start';

function pass(what: string): void {
    console.log(`PASS typescript: ${what}`);
    last = what;
}

try {
    await scenario();
} catch (e) {
    const answer = e instanceof ResponseError ? `${e.response.status} ${await e.response.text().catch(() => '')}` : '';
    console.log(`FAIL typescript, after "${last}": ${e} ${answer}`);
    console.error(e);
    process.exitCode = 1;
}
