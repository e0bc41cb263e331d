// A headless Chromium that reports every error of a page, for browser.js and status.js.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const MAX_PNG = 300 * 1000;

export function equal(what, expected, actual) {
    if (expected !== actual) {
        throw new Error(`${what}: expected ${expected}, got ${actual}`);
    }
}

/** Draws the icon of a page, which a headless browser doesn't load by itself. */
export async function drawIcon(page) {
    const colours = await page.evaluate(async () => {
        const icon = new Image(32, 32);
        icon.src = document.querySelector('link[rel=icon]').href;
        await icon.decode();
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 32;
        const context = canvas.getContext('2d');
        context.drawImage(icon, 0, 0, 32, 32);
        return new Set(new Uint32Array(context.getImageData(0, 0, 32, 32).data.buffer)).size;
    });
    equal(`the icon has ${colours} colours`, true, colours > 2);
}

/**
 * Starts the browser. Errors on the console, violations of the policy, exceptions, failed requests and requests to other
 * origins fail the scenario.
 */
export async function launch(name, origins, executablePath, options = {}) {
    /** Errors, in the order in which they happened. */
    const faults = [];
    let last = 'the start';

    const profile = mkdtempSync(join(tmpdir(), 'byline-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
        executablePath,
        headless: true,
        viewport: { width: 1200, height: 900 },
        args: [
            '--no-sandbox', // required as root and in containers; it opens only this server
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
        ],
        ...options,
    });
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(15_000);

    // Reports CSP violations with their source; the console reports most of them, too.
    await page.exposeFunction('bylineViolation', (text) => faults.push(`CSP violation: ${text}`));
    await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (e) => {
            window.bylineViolation(`${e.effectiveDirective} refused ${e.blockedURI} at ${e.sourceFile}:${e.lineNumber}`);
        });
    });
    page.on('console', (message) => {
        if (message.type() === 'error' || /content security policy/i.test(message.text())) {
            faults.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
        }
    });
    page.on('pageerror', (error) => faults.push(`exception: ${error}`));
    context.on('request', (request) => {
        const target = new URL(request.url());
        if (!['data:', 'blob:', 'about:'].includes(target.protocol) && !origins.includes(target.origin)) {
            faults.push(`request to another origin: ${request.url()}`);
        }
    });
    context.on('requestfailed', (request) => {
        faults.push(`request failed: ${request.url()} ${request.failure()?.errorText}`);
    });

    function pass(what) {
        if (faults.length > 0) {
            throw new Error(`on the way to "${what}": ${faults.join('; ')}`);
        }
        console.log(`PASS ${name}: ${what}`);
        last = what;
    }

    async function run(scenario) {
        try {
            await scenario();
        } catch (e) {
            console.log(`FAIL ${name}, after "${last}": ${e}`);
            faults.forEach((fault) => console.log(`FAIL ${name}: ${fault}`));
            process.exitCode = 1;
        } finally {
            await context.close();
            rmSync(profile, { recursive: true, force: true });
        }
    }

    return { context, page, pass, run };
}
