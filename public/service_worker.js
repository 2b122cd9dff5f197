// Keeps the app's own files, so that it starts without a network.
//
// What is kept is named in precache.json, written by the build: {"version": "...", "files": ["/index.html", ...]}.
// Each version has a cache of its own, filled completely before anything is served from it; the files of a page are
// always of one version. Stored answers keep the headers they came with (COOP, COEP, CSP). Answers of the companion
// and model files are never kept here: models live in the browser's private file system.

const PRECACHE_LIST = "/precache.json";
const CACHE_PREFIX = "quern-";
const NEVER_KEPT = ["/v1/", "/api/", "/models/"];

// A companion that does not say its version in this time counts as absent.
const VERSION_WAIT_MS = 3000;

self.addEventListener("install", (event) => {
  event.waitUntil(readList().then(keep).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const isOurs = url.origin === self.location.origin && event.request.method === "GET";
  if (!isOurs || NEVER_KEPT.some((path) => url.pathname.startsWith(path))) return;
  event.respondWith(event.request.mode === "navigate" ? page(event.request) : file(event.request, url));
});

// Every address of the app is the same document; a page that opens is the moment to change versions.
async function page(request) {
  try {
    await keep(await readList());
  } catch {
    // Offline, or a version that can't be fetched completely: the one before goes on.
  }
  const cache = await currentCache();
  return (await cache?.match("/index.html")) || (await cache?.match("/")) || fetch(request);
}

async function file(request, url) {
  const cache = await currentCache();
  return (await cache?.match(url.pathname)) || fetch(request);
}

async function readList() {
  const response = await fetch(PRECACHE_LIST, { cache: "no-store", signal: AbortSignal.timeout(VERSION_WAIT_MS) });
  if (!response.ok) throw new Error(`${PRECACHE_LIST} answered ${response.status}`);
  return response.json();
}

// Fills the cache of one version, unless it is there already, and drops those of others.
async function keep(list) {
  const name = CACHE_PREFIX + list.version;
  const cache = await caches.open(name);
  if (!(await cache.match(PRECACHE_LIST))) {
    try {
      await Promise.all(list.files.map((path) => keepFile(cache, path)));
    } catch (error) {
      await caches.delete(name);
      throw error;
    }
    // Written last: a cache with its list is complete.
    await cache.put(PRECACHE_LIST, new Response(JSON.stringify(list)));
  }
  const others = (await caches.keys()).filter((other) => other.startsWith(CACHE_PREFIX) && other !== name);
  await Promise.all(others.map((other) => caches.delete(other)));
}

async function keepFile(cache, path) {
  // "no-cache" asks the server whether the browser's own copy is still right, instead of fetching it twice.
  const response = await fetch(path, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  // An answer that was redirected can't be shown as a page; a copy of it can.
  const { status, headers } = response;
  await cache.put(path, response.redirected ? new Response(response.body, { status, headers }) : response);
}

async function currentCache() {
  for (const name of await caches.keys()) {
    if (!name.startsWith(CACHE_PREFIX)) continue;
    const cache = await caches.open(name);
    if (await cache.match(PRECACHE_LIST)) return cache;
  }
  return null;
}
