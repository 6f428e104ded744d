package org.lora4j.example.mnist;

/**
 * The tests of one network.
 *
 * @param base before LoRA
 * @param enabled with LoRA on
 * @param disabled with LoRA off again
 * @param merged the plain network with LoRA merged in
 */
record Comparison(Answers base, Answers enabled, Answers disabled, Answers merged) {}
