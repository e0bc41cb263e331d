// The steps of status.sh: node status.js URL MANAGEMENT_URL PNG CHROMIUM
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MAX_PNG, drawIcon, equal, launch } from './chromium.js';

const [api, url, png, executablePath] = process.argv.slice(2);
const { page, pass, run } = await launch('status', [new URL(url).origin], executablePath);

/** Returns the number of pixels of each chart that are not transparent. */
function drawn() {
    return page.locator('.chart canvas').evaluateAll((canvases) => canvases.map((canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    }));
}

async function tile(name) {
    return page.locator('#tiles > div', { hasText: name }).first().locator('dd').innerText();
}

async function load(requests) {
    for (let i = 0; i < requests; i++) {
        await fetch(`${api}/${i % 5 === 0 ? `posts/${900000 + i}` : 'posts'}`);
    }
}

async function background() {
    return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

async function scenario() {
    const response = await page.goto(`${url}/`);
    equal('status', 200, response.status());
    pass(`the page opens under ${response.headers()['content-security-policy']}`);

    await drawIcon(page);
    pass('the icon');

    await page.locator('#state', { hasText: /^ready$/ }).waitFor();
    equal('charts', 7, await page.locator('.chart canvas').count());
    equal('tiles', 12, await page.locator('#tiles > div').count());
    pass('ready, 7 charts and 12 figures');

    const before = await page.locator('#uptime').innerText();
    for (let i = 0; i < 6; i++) { // until there are points to draw a line between
        await load(150);
        await page.waitForTimeout(5000);
    }
    equal('the time goes on', false, before === (await page.locator('#uptime').innerText()));
    equal('requests per second', true, parseFloat(await tile('Requests / s')) > 1);
    equal('routes', true, (await page.locator('#routes').innerText()).includes('GET /posts'));
    equal('every chart is drawn', true, (await drawn()).every((pixels) => pixels > 500));
    pass(`it updates: ${await tile('Requests / s')} requests/s, p99 ${await tile('p99')}`);

    const picture = await page.screenshot({ animations: 'disabled', fullPage: true });
    equal(`the picture has ${picture.length} bytes, less than ${MAX_PNG}`, true, picture.length < MAX_PNG);

    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForTimeout(6000);
    equal('dark differs from light', false, light === (await background()));
    equal('charts after the change', 7, await page.locator('.chart canvas').count());
    const dark = await page.screenshot({ animations: 'disabled', fullPage: true });
    pass('light and dark');

    await page.setViewportSize({ width: 375, height: 800 });
    await page.waitForTimeout(500);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    equal('a phone needs no horizontal scrolling', true, wide <= 375);
    const phone = await page.screenshot({ animations: 'disabled' });
    pass('a phone');

    await page.goto(`${url}/status.json`);
    pass('status.json');

    mkdirSync(dirname(png), { recursive: true });
    writeFileSync(png, picture);
    writeFileSync(png.replace('.png', '-dark.png'), dark);
    writeFileSync(png.replace('.png', '-phone.png'), phone);
}

await run(scenario);
