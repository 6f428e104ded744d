/**
 * What every host of texts shares: model folders, tokenizers, chat templates, data sets of texts and metrics.
 *
 * <pre>{@code
 * Dataset<TextRow> rows = TextFiles.read(file);
 * Split<TextRow> split = rows.split(7, 0.2);
 * List<INDArray> embeddings = new ArrayList<>();
 * try (EncoderFolder encoder = EncoderFolder.open(folder)) {
 *     Network network = encoder.sentenceEmbeddings();
 *     network.freeze();
 *     for (List<TextRow> batch : split.train().shuffled(7, 0, 10_000).batches(32)) {
 *         embeddings.add(network.predict(encoder.tokens(batch.stream().map(row -> row.text("text")).toList())));
 *     }
 * }
 * }</pre>
 *
 * <p>An argument that is null where null is not allowed gives a {@link NullPointerException} that names the argument.
 */
@NullMarked
package org.lora4j.text;

import org.jspecify.annotations.NullMarked;
