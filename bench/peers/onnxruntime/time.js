// SPDX-License-Identifier: Apache-2.0
// Prints the median milliseconds of one run: time.js FILE.onnx THREADS SECONDS [BATCH]
const ort = require('onnxruntime-node');

async function main() {
  const [file, threads, seconds, batch = '1'] = process.argv.slice(2);
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: Number(threads),
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  const values = Float32Array.from({ length: Number(batch) * 3 * 224 * 224 }, (_, i) => Math.sin(i * 0.37) * 1.5);
  const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', values, [Number(batch), 3, 224, 224]) };
  const now = () => Number(process.hrtime.bigint()) / 1e6;
  for (const start = now(); now() - start < 100 * Number(seconds);) await session.run(feeds);
  const times = [];
  for (const start = now(); times.length < 5 || now() - start < 1000 * Number(seconds);) {
    const begin = now();
    await session.run(feeds);
    times.push(now() - begin);
  }
  times.sort((a, b) => a - b);
  console.log(times[times.length >> 1]);
}

main();
