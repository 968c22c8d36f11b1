// SPDX-License-Identifier: Apache-2.0
// node run_models.js JOBS.json: runs ONNX models, each {"model", "inputs": {name: file.npy}, "output": file.npy}, with arrays
// in NumPy's format in C order. With "outputs": [file.npy, ...] all results are written. With "refusal": file.txt, a model that
// ONNX Runtime refuses is not an error, and the file contains the reason.
const fs = require('fs');
const ort = require('onnxruntime-node');

const kinds = {'<f4': [Float32Array, 'float32'], '|u1': [Uint8Array, 'uint8'], '|i1': [Int8Array, 'int8'], '<i8': [BigInt64Array, 'int64'],
               '<i4': [Int32Array, 'int32'], '<f2': [Uint16Array, 'float16'], '|b1': [Uint8Array, 'bool']};

function readNpy(path) {
  const bytes = fs.readFileSync(path);
  const length = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + length);
  const [array, type] = kinds[/'descr': '([^']+)'/.exec(header)[1]];
  const dims = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').map(s => s.trim()).filter(s => s).map(Number);
  const data = bytes.subarray(10 + length);
  return new ort.Tensor(type, new array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length)), dims);
}

function writeNpy(path, tensor) {
  const descr = Object.keys(kinds).find(key => kinds[key][1] === tensor.type);
  let header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tensor.dims.map(n => n + ',').join(' ')}), }`;
  header = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  const data = Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  fs.writeFileSync(path, Buffer.concat([start, Buffer.from(header, 'latin1'), data]));
}

async function run(job) {
  const options = {intraOpNumThreads: 1, graphOptimizationLevel: job.optimize === false ? 'basic' : 'all', logSeverityLevel: 4};
  const session = await ort.InferenceSession.create(job.model, options);
  const inputs = {};
  for (const [name, path] of Object.entries(job.inputs)) inputs[name] = readNpy(path);
  const results = await session.run(inputs);
  (job.outputs || [job.output]).forEach((path, i) => writeNpy(path, results[session.outputNames[i]]));
  await session.release();
}

async function main() {
  for (const job of JSON.parse(fs.readFileSync(process.argv[2]))) {
    try {
      await run(job);
    } catch (error) {
      if (!job.refusal) throw error;
      fs.writeFileSync(job.refusal, error.message);
    }
  }
}

main().catch(error => { console.error(error.message); process.exit(1); });
