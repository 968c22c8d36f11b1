// SPDX-License-Identifier: Apache-2.0
// node run_models.mjs JOBS.json [PAGE.html]: answers of LiteRT, or of another page, in a headless Chromium that may load
// nothing but the files of this server.
//
// JOBS.json: [{"model": "a.tflite", "input": "x.bin", "dtype": "f32", "shape": [examples, ...], "output": "y.bin"}]; input and
// output are raw numbers, one example after another. A job that fails is printed, and its output is not written.
import { spawn } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const page = process.argv[3] ?? join(here, "page.html");
const jobs = JSON.parse(readFileSync(process.argv[2], "utf8"));
const kinds = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const profile = mkdtempSync(join(tmpdir(), "fovea-chromium-"));
let browser;

function finish(status) {
  browser?.kill("SIGKILL");
  server.close();
  setTimeout(() => {
    // the browser's other processes end, and stop writing, a little later
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    process.exit(status);
  }, 100);
}

function send(response, path) {
  if (!existsSync(path)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": kinds[extname(path)] ?? "application/octet-stream" });
  createReadStream(path).pipe(response);
}

function take(request, whenWhole) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => whenWhole(Buffer.concat(parts)));
}

const server = createServer((request, response) => {
  const [, what, ...rest] = new URL(request.url, "http://localhost").pathname.split("/");
  const job = jobs[Number(rest[0])];
  if (request.method === "POST") {
    return take(request, (body) => {
      response.end();
      if (what === "output") writeFileSync(job.output, body);
      if (what === "failed") console.error(`${job.model}: ${body}`);
      if (what === "broken") console.error(String(body));
      if (what === "done" || what === "broken") finish(what === "done" ? 0 : 1);
    });
  }
  if (what === "") return send(response, page);
  if (what === "jobs") return response.end(JSON.stringify(jobs));
  if (what === "model" && job) return send(response, job.model);
  if (what === "input" && job) return send(response, job.input);
  if (what === "modules") return send(response, join(here, "node_modules", normalize(`/${rest.join("/")}`)));
  response.writeHead(404).end();
});

server.listen(0, "127.0.0.1", () => {
  const address = `http://127.0.0.1:${server.address().port}/`;
  browser = spawn("chromium", ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    `--user-data-dir=${profile}`, address], { stdio: "ignore" });
  browser.on("error", (error) => { console.error(`chromium: ${error.message}`); finish(1); });
});
setTimeout(() => { console.error("no answer in time"); finish(1); }, 300_000);
