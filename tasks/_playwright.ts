/** Playwright, which drives a browser, behind one door; loaded only where it is used. */
export { chromium } from "npm:playwright-core@1.65.1";
export type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "npm:playwright-core@1.65.1";
