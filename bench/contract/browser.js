// The steps of browser.sh: node browser.js URL TOKEN PNG CHROMIUM
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MAX_PNG, drawIcon, equal, launch } from './chromium.js';

const [url, token, png, executablePath] = process.argv.slice(2);
const { page, pass, run } = await launch('browser', [new URL(url).origin], executablePath);

/** Opens the block of an operation and presses "Try it out". */
async function open(operationId) {
    const block = page.locator(`.opblock[id$="-${operationId}"]`);
    await block.locator('.opblock-summary-control').click();
    await block.getByRole('button', { name: 'Try it out' }).click();
    return block;
}

/** Presses Execute and returns the response; the page must show its status. */
async function execute(block, method, path) {
    const received = page.waitForResponse((response) => {
        return response.request().method() === method && new URL(response.url()).pathname === path;
    });
    await block.getByRole('button', { name: 'Execute', exact: true }).click();
    const response = await received;
    const shown = block.locator('.live-responses-table .response-col_status').last();
    equal(`${method} ${path}, as shown`, String(response.status()), (await shown.innerText()).trim().split(/\s/)[0]);
    return response;
}

/** Opens every operation and returns the optional parameters that "Try it out" fills in, and the number of all. */
async function optionalParameters() {
    const filled = [];
    let count = 0;
    for (const id of await page.locator('.opblock').evaluateAll((blocks) => blocks.map((block) => block.id))) {
        const operation = id.replace(/.*-/, '');
        const block = await open(operation);
        const rows = block.locator('tr[data-param-name]:not(:has(.parameter__name.required))');
        const values = await rows.evaluateAll((all) => all.map((row) => [
            row.dataset.paramName,
            [...row.querySelectorAll('input:not([type=checkbox]), select, textarea')].map((each) => each.value).join(''),
        ]));
        count += values.length;
        values.filter(([, value]) => value !== '').forEach(([name, value]) => filled.push(`${operation} ${name}=${value}`));
        await block.locator('.opblock-summary-control').click();
    }
    return { filled, count };
}

function directives(policy) {
    return Object.fromEntries(policy.split(';').map((each) => each.trim().split(/\s+(.*)/)));
}

async function scenario() {
    const docs = await page.goto(`${url}/docs`);
    equal('status of /docs', 200, docs.status());
    const policy = docs.headers()['content-security-policy'] ?? '';
    equal(`scripts of its own only, by "${policy}"`, "'self'", directives(policy)['script-src']);
    equal(`nothing else by default, by "${policy}"`, true, /^'(none|self)'$/.test(directives(policy)['default-src']));
    await page.locator('.opblock[id$="-listPosts"]').waitFor();
    await page.waitForLoadState('networkidle');
    pass(`/docs under ${policy}`);

    await drawIcon(page);
    pass('the icon');

    const picture = await page.screenshot({ animations: 'disabled' });
    equal(`the picture has ${picture.length} bytes, less than ${MAX_PNG}`, true, picture.length < MAX_PNG);
    pass(`a picture of ${Math.round(picture.length / 1000)} KB`);

    const list = await execute(await open('listPosts'), 'GET', '/posts');
    equal('GET /posts', 200, list.status());
    equal('posts are a list', true, Array.isArray((await list.json()).posts));
    equal('parameters sent unasked', '', new URL(list.url()).search);
    pass('GET /posts, Try it out, Execute: 200');

    await page.locator('.scheme-container .authorize, .auth-wrapper .btn.authorize').first().click();
    const dialog = page.locator('.dialog-ux .modal-ux');
    await dialog.locator('input').first().fill(token);
    await dialog.locator('.auth-btn-wrapper button.authorize').click();
    await dialog.getByText('Authorized', { exact: true }).waitFor();
    await dialog.locator('.auth-btn-wrapper .btn-done').click();
    await dialog.waitFor({ state: 'detached' });
    pass('Authorize');

    const create = await open('createPost');
    await create.locator('textarea.body-param__text').fill('{"title":"From the browser","body":"x"}');
    const created = await execute(create, 'POST', '/posts');
    equal('POST /posts', 201, created.status());
    const { id, title } = await created.json();
    equal('the title', 'From the browser', title);
    const { authorization } = await created.request().allHeaders();
    equal('the token was sent', true, authorization === `Bearer ${token}`);
    pass('POST /posts, Try it out, Execute: 201');

    const remove = await open('deletePost');
    await remove.locator('tr[data-param-name="id"] input').fill(String(id));
    equal('DELETE', 204, (await execute(remove, 'DELETE', `/posts/${id}`)).status());
    pass('DELETE of that post, Try it out, Execute: 204');

    const root = await page.goto(`${url}/`);
    equal('status in the end', 200, root.status());
    equal('a redirect from /', `${url}/`, root.request().redirectedFrom()?.url());
    equal('where / leads', '/docs', new URL(page.url()).pathname);
    await page.locator('.opblock[id$="-listPosts"]').waitFor();
    await page.waitForLoadState('networkidle');
    pass('/ leads to /docs');

    const { filled, count } = await optionalParameters();
    equal('optional parameters that are filled in', '', filled.join(', '));
    equal(`${count} optional parameters`, true, count > 20);
    pass(`${count} optional parameters are empty at first`);

    mkdirSync(dirname(png), { recursive: true });
    writeFileSync(png, picture);
}

await run(scenario);
