// Talks to `lora serve` with OpenAI's own client for JavaScript, and prints what its helpers return. The arguments are key=value:
//   package   the folder in which the npm packages openai and zod are installed
//   chat      the address of a server with a decoder that knows tools, such as http://127.0.0.1:8080/v1
//   model     its name
//   embed     the address of a server with an encoder; none to leave embeddings out
//   encoder   its name

import {createRequire} from "node:module";
import {resolve} from "node:path";
import {pathToFileURL} from "node:url";
import assert from "node:assert/strict";

const settings = Object.fromEntries(process.argv.slice(2).map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]));
const installed = createRequire(pathToFileURL(resolve(settings.package, "package.json")));
const load = (name) => import(pathToFileURL(installed.resolve(name)));
const {default: OpenAI} = await load("openai");
const {zodResponseFormat, zodTextFormat} = await load("openai/helpers/zod");
const {z} = await load("zod");

const client = new OpenAI({baseURL: settings.chat, apiKey: "none is needed", maxRetries: 0});
const model = settings.model;
const sum = "2+3?";
const messages = [{role: "user", content: settings.question ?? "hi"}];
const functions = [
    {
        name: "add",
        description: "Adds two numbers.",
        parameters: {type: "object", properties: {a: {type: "integer"}, b: {type: "integer"}}, required: ["a", "b"]}
    },
    {
        name: "weather",
        description: "The weather of a city.",
        parameters: {type: "object", properties: {city: {type: "string"}}, required: ["city"]}
    }
];
const work = {add: ({a, b}) => String(a + b), weather: () => "sun"};
const runnable = functions.map((one) => ({type: "function", function: {...one, parse: JSON.parse, function: work[one.name]}}));
const Distance = z.object({count: z.number().int(), unit: z.enum(["m", "km"])});

async function show(name, work) {
    try {
        console.log(`${name}: ${JSON.stringify(await work())}`);
    } catch (failure) {
        console.log(`${name}: FAILED ${failure.stack}`);
        process.exitCode = 1;
    }
}

await show("models", async () => (await client.models.list()).data.map((one) => one.id));
await show("chat", async () => (await client.chat.completions.create({model, messages, temperature: 0})).choices[0].message.content);
await show("chat stream", async () => {
    const stream = client.chat.completions.stream({model, messages, temperature: 0, stream_options: {include_usage: true}});
    let text = "";
    stream.on("content", (delta) => (text += delta));
    const whole = await stream.finalChatCompletion();
    assert.equal(text, whole.choices[0].message.content);
    return [text, whole.usage];
});
await show("chat that is left", async () => {
    const stream = await client.chat.completions.create({model, messages, stream: true});
    for await (const part of stream)
        return part.choices[0].delta;
});
await show("tools", async () => {
    const runner = client.chat.completions.runTools({
        model,
        messages: [{role: "user", content: sum}],
        temperature: 0,
        tools: runnable
    });
    const called = [];
    runner.on("functionToolCall", (call) => called.push(call));
    return [await runner.finalContent(), called];
});
await show("tools stream", async () => {
    const runner = client.chat.completions.runTools({
        model,
        stream: true,
        messages: [{role: "user", content: sum}],
        temperature: 0,
        tools: runnable
    });
    return await runner.finalContent();
});
await show("zod", async () => {
    const answer = await client.chat.completions.parse({
        model, messages, temperature: 1, max_tokens: 80, response_format: zodResponseFormat(Distance, "distance")
    });
    return answer.choices[0].message.parsed;
});
await show("logprobs", async () => {
    const asked = {model, messages, temperature: 0, logprobs: true, top_logprobs: 2};
    const whole = (await client.chat.completions.create(asked)).choices[0];
    const streamed = (await client.chat.completions.stream(asked).finalChatCompletion()).choices[0];
    assert.deepEqual(streamed.logprobs.content.map((one) => one.token), whole.logprobs.content.map((one) => one.token));
    assert.equal(whole.logprobs.content.map((one) => one.token).join(""), whole.message.content);
    return whole.logprobs.content[0];
});
await show("completions", async () => {
    const asked = {model, prompt: "Hello", max_tokens: 8, seed: 3};
    const several = await client.completions.create({...asked, n: 2, echo: true});
    const best = await client.completions.create({...asked, n: 2, best_of: 4, logprobs: 1});
    const mean = ({logprobs}) => logprobs.token_logprobs.reduce((a, b) => a + b, 0) / logprobs.token_logprobs.length;
    assert.ok(mean(best.choices[0]) >= mean(best.choices[1]));
    return [several.choices.map((one) => one.text), best.choices.map((one) => one.logprobs.tokens)];
});
await show("response", async () => (await client.responses.create({model, input: messages[0].content, temperature: 0})).output_text);
await show("response stream", async () => {
    const stream = client.responses.stream({model, input: messages, temperature: 0});
    let text = "";
    stream.on("response.output_text.delta", (event) => {
        text += event.delta;
        assert.equal(event.snapshot, text);
    });
    const whole = await stream.finalResponse();
    assert.equal(whole.output_text, text);
    return [whole.status, text, whole.usage.total_tokens];
});
await show("response logprobs", async () => {
    const asked = {model, input: messages, temperature: 0, include: ["message.output_text.logprobs"], top_logprobs: 2};
    const whole = (await client.responses.create(asked)).output[0].content[0];
    const streamed = (await client.responses.stream(asked).finalResponse()).output[0].content[0];
    assert.deepEqual(streamed.logprobs, whole.logprobs);
    assert.equal(whole.logprobs.map((one) => one.token).join(""), whole.text);
    return whole.logprobs[0];
});
await show("response with tools", async () => {
    const asked = {model, temperature: 0, tools: functions.map((one) => ({type: "function", strict: false, ...one}))};
    const input = [{role: "user", content: sum}];
    const first = await client.responses.create({...asked, input});
    const streamed = await client.responses.stream({...asked, input}).finalResponse();
    assert.deepEqual(streamed.output.map((one) => one.arguments), first.output.map((one) => one.arguments));
    input.push(...first.output);
    for (const call of first.output.filter((one) => one.type === "function_call")) {
        input.push({type: "function_call_output", call_id: call.call_id, output: work[call.name](JSON.parse(call.arguments))});
    }
    return [first.output.map((one) => one.name), (await client.responses.create({...asked, input})).output_text];
});
await show("response by zod", async () => {
    const answer = await client.responses.parse({
        model, input: "how far?", max_output_tokens: 80, text: {format: zodTextFormat(Distance, "distance")}
    });
    return answer.output_parsed;
});
await show("refused", async () => {
    try {
        await client.responses.create({model, input: "a", previous_response_id: "resp_1"});
    } catch (refusal) {
        return [refusal.status, refusal.message];
    }
});
if (settings.embed) {
    const encoder = new OpenAI({baseURL: settings.embed, apiKey: "none is needed", maxRetries: 0});
    await show("embeddings", async () => {
        const whole = await encoder.embeddings.create({model: settings.encoder, input: ["the cat", "a ship"]});
        const shorter = await encoder.embeddings.create({model: settings.encoder, input: "the cat", dimensions: 3});
        return [whole.data.map((one) => one.embedding.length), shorter.data[0].embedding];
    });
}
