// Prints the greedy answers of llama.cpp to prompts, as JSON. The arguments are key=value:
//   package   the folder in which the npm package node-llama-cpp is installed
//   file      a GGUF file
//   lora      a GGUF file with an adapter; none for the base alone
//   prompts   a file with the prompts, a list of texts as JSON
//   count     the most new tokens of an answer

import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {resolve} from "node:path";
import {pathToFileURL} from "node:url";

const settings = Object.fromEntries(process.argv.slice(2).map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]));
const installed = createRequire(pathToFileURL(resolve(settings.package, "package.json")));
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(installed.resolve("node-llama-cpp")));

const llama = await getLlama({gpu: false, build: "never", progressLogs: false, logLevel: LlamaLogLevel.error, maxThreads: 2});
const model = await llama.loadModel({modelPath: resolve(settings.file), gpuLayers: 0});
const context = await model.createContext({
    contextSize: 512,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
    ...(settings.lora ? {lora: resolve(settings.lora)} : {})
});
const sequence = context.getSequence();
const answers = [];
for (const prompt of JSON.parse(readFileSync(settings.prompts, "utf8"))) {
    await sequence.clearHistory();
    const answer = [];
    for await (const token of sequence.evaluate(model.tokenize(prompt), {temperature: 0})) {
        answer.push(token);
        if (answer.length === Number(settings.count))
            break;
    }
    answers.push(model.detokenize(answer));
}
console.log(JSON.stringify(answers));
process.exit(0);
