package org.lora4j.cli.train;

/**
 * What the page and the model card say of a task beside its numbers.
 *
 * @param template the template of the page, which says how the numbers are shown
 * @param pipeline the task as the hub names it, such as {@code text-classification}
 * @param headline the headline, in plain text
 * @param lead what was trained: a sentence in plain text
 * @param about what the adapter does, in Markdown
 * @param use the command that uses the adapter, with its options but those of model and adapter
 */
public record TaskPage(String template, String pipeline, String headline, String lead, String about, String use) {}
