// Generates with llama.cpp and prints one line of JSON, as DecoderWork does. The arguments are key=value:
//   package   the folder in which the npm package node-llama-cpp is installed
//   file      a GGUF file of peers/gguf.py
//   threads   1, 2, ...
//   cache     F32 or F16, the type of keys and values; F16 is the default of llama.cpp
//   attention flash or plain
// The prompt and the number of new tokens are those of DecoderWork.

import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {resolve} from "node:path";
import {pathToFileURL} from "node:url";

const PROMPT = 16;
const COUNT = 128;
const COMPARED = 32;

const settings = {
    warm: "3", seconds: "6", threads: "2", cache: "F16", attention: "plain",
    ...Object.fromEntries(process.argv.slice(2).map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]))
};

const installed = createRequire(pathToFileURL(resolve(settings.package, "package.json")));
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(installed.resolve("node-llama-cpp")));

const threads = Number(settings.threads);
const llama = await getLlama({gpu: false, build: "never", progressLogs: false, logLevel: LlamaLogLevel.error, maxThreads: threads});
const model = await llama.loadModel({modelPath: resolve(settings.file), gpuLayers: 0});
const context = await model.createContext({
    contextSize: 512,
    threads: {ideal: threads, min: threads},
    flashAttention: settings.attention === "flash",
    experimentalKvCacheKeyType: settings.cache,
    experimentalKvCacheValueType: settings.cache
});
const sequence = context.getSequence();
const prompt = Array.from({length: PROMPT}, (_, i) => (i * 7919) % 49_152);

async function generate() {
    await sequence.clearHistory();
    const found = [];
    for await (const token of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
        found.push(token);
        if (found.length === COUNT)
            break;
    }
    return found;
}

const numbers = (await generate()).slice(0, COMPARED);
const times = [];
const begin = performance.now();
let last = begin;
do {
    await generate();
    const now = performance.now();
    if (last - begin >= settings.warm * 1000)
        times.push(now - last);
    last = now;
} while (last - begin < (Number(settings.warm) + Number(settings.seconds)) * 1000 || times.length < (Number(settings.seconds) > 0 ? 3 : 1));
times.sort((one, other) => one - other);

const peak = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1] * 1024;
console.log(JSON.stringify({numbers, nanos: times[Math.floor(times.length / 2)] * 1e6 / COUNT, threads, peak}));
process.exit(0);
