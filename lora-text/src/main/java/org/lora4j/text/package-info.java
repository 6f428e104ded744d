/**
 * Models of texts with adapters. Three types are the way in: {@link org.lora4j.text.TextModel} opens a model, an adapter says itself what
 * it is for, a {@link org.lora4j.text.task.Task}, and {@link org.lora4j.text.TextService} answers texts with it.
 *
 * <pre>{@code
 * List<ClassScores> classes = new ArrayList<>();
 * try (TextModel model = TextModel.open(ModelSource.of(folder), BaseStorage.of(Precision.FLOAT));
 *         TextService service = TextService.builder(model).adapters(adapters).build()) {
 *     classes.addAll(service.answer(Classify.class, "topics", texts, RequestOptions.defaults()).values());
 * }
 * }</pre>
 *
 * <table>
 * <caption>The packages, from top to bottom; each uses only those below it</caption>
 * <tr><th>package</th><th>what is in it</th></tr>
 * <tr><td>{@code text.job}</td><td>trainings that a service runs for its clients</td></tr>
 * <tr><td>{@code text}</td><td>models, their adapters, and what answers with them</td></tr>
 * <tr><td>{@code text.train}</td><td>how an adapter is trained for a task</td></tr>
 * <tr><td>{@code text.task}</td><td>what a model does with a text: embed, classify, rank, generate</td></tr>
 * <tr><td>{@code text.chat}</td><td>conversations, templates, answers</td></tr>
 * <tr><td>{@code text.tools}</td><td>functions and their calls</td></tr>
 * <tr><td>{@code text.grammar}</td><td>the form of an answer</td></tr>
 * <tr><td>{@code text.data}</td><td>files, rows, data sets, examples</td></tr>
 * <tr><td>{@code text.metrics}</td><td>what is measured</td></tr>
 * <tr><td>{@code text.tokens}</td><td>texts to tokens and back</td></tr>
 * </table>
 *
 * <p>An argument that is null where null is not allowed gives a {@link NullPointerException} that names the argument.
 */
@NullMarked
package org.lora4j.text;

import org.jspecify.annotations.NullMarked;
