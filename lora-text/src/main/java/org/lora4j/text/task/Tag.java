package org.lora4j.text.task;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.math.Softmax;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TaggedTokens;
import org.lora4j.text.internal.TextCheck;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TagSpan;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.tokens.TextWords;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The task of a model that finds parts of a text: names, products, personal data. It gives each word a tag, and joins the tags to spans as
 * {@link TagScheme#spans} says.
 *
 * <p>A text is asked as it is, {@link TextWords#of}, or as words, {@link TextWords#join}. It gets no prompt. One that has more tokens than
 * the limit is cut into windows, each of which overlaps the one before it by a quarter, and the answers are joined again: each token is
 * answered by the window in which it has the most context, that is the most tokens on its shorter side. Of a decoder, which sees what is
 * before a token alone, only that side counts. So no part of a text is lost, however long it is.
 *
 * @param labels the tags, such as {@code O}, {@code B-PER}, {@code I-PER}; at least one
 * @param subWords which token of a word of several tokens says its tag
 * @param maxTokens the most tokens of a window; empty for where the files of the model say, or 512 tokens for a decoder
 */
public record Tag(Labels labels, SubWords subWords, OptionalInt maxTokens)
        implements RowTask<List<TextWords>, TextTags> {
    /** Which tokens of a word of several tokens count. */
    public enum SubWords {
        /** The first one alone, as most models are trained. */
        FIRST,
        /** All: each trains with the tag of the word, and the word has the mean of their probabilities. */
        ALL
    }

    /**
     * Checks the tags.
     *
     * @param labels the tags
     * @param subWords which token of a word says its tag
     * @param maxTokens the most tokens of a window
     * @throws IllegalArgumentException if there is no tag
     */
    public Tag {
        Objects.requireNonNull(labels, "labels must not be null");
        Objects.requireNonNull(subWords, "subWords must not be null");
        Objects.requireNonNull(maxTokens, "maxTokens must not be null");
        if (labels.count() == 0) {
            throw new IllegalArgumentException("id2label must name at least one tag, found none");
        }
    }

    @Override
    public Head head() {
        return Head.TOKENS;
    }

    @Override
    public Tag with(TaskSettings asked) {
        asked.requireNoneOfEmbeddings(this);
        return new Tag(labels, subWords, asked.maxTokensOr(maxTokens));
    }

    @Override
    public String does() {
        return "tags the words of texts";
    }

    @Override
    public Optional<Labels> classes() {
        return Optional.of(labels);
    }

    @Override
    public void requireFits(Object where, LoRAAdapter adapter, boolean hasOwn) throws IOException {
        SavedClassifier.require(where, adapter, labels, hasOwn);
    }

    @Override
    public int limit(TextTokens tokens) {
        return maxTokens.orElseGet(tokens::defaultLimit);
    }

    @Override
    public OnModel on(TextTokens tokens, Network network) {
        Objects.requireNonNull(network, "network must not be null");
        return new OnModel(this, tokens.withMaxTokens(limit(tokens)));
    }

    /** Tags of a model. */
    public static final class OnModel implements RowModel<List<TextWords>, TextTags> {
        private final Tag task;
        private final TextTokens tokens;
        private final TagScheme scheme;

        private OnModel(Tag task, TextTokens tokens) {
            this.task = task;
            this.tokens = tokens;
            scheme = TagScheme.of(task.labels.names());
        }

        @Override
        public long characters(List<TextWords> asked) {
            TextCheck.requireAll("texts", asked);
            return asked.stream().mapToLong(words -> words.text().length()).sum();
        }

        private List<TagWindows> windows(List<TextWords> asked) {
            TextCheck.requireAll("texts", asked);
            List<TagWindows> all = new ArrayList<>(asked.size());
            for (TextWords words : asked) {
                TagWindows windows = TagWindows.of(words, tokens, tokens.isOfDecoder());
                if (!windows.hasTokens()) {
                    throw new IllegalArgumentException("each text must have at least one token, found none in text "
                            + all.size() + "; leave out texts of spaces and control characters");
                }
                all.add(windows);
            }
            return all;
        }

        /**
         * {@inheritDoc}
         *
         * @return a sequence for each window of each text
         */
        @Override
        public Sequences tokens(List<TextWords> asked) {
            return tokensOf(windows(asked));
        }

        private static Sequences tokensOf(List<TagWindows> all) {
            return Sequences.of(all.stream()
                    .flatMap(windows -> windows.sequences().stream())
                    .toArray(int[][]::new));
        }

        /**
         * Returns examples as a batch of a training.
         *
         * @param examples the examples, at least one
         * @return a sequence for each window of each text, and a label for each token: −100 for one that does not count
         * @throws IllegalArgumentException if a text has no tokens, a word of a span has none, or the task has no tag for a span
         */
        public Batch batch(List<TaggedText> examples) {
            return TaggedTokens.batch(learned(examples));
        }

        /**
         * Returns what a training learns of examples.
         *
         * @param examples the examples
         * @return for each of them the tokens of its windows, with their labels
         * @throws IllegalArgumentException if a text has no tokens, a word of a span has none, or the task has no tag for a span
         */
        public List<TaggedTokens> learned(List<TaggedText> examples) {
            List<TagWindows> all =
                    windows(examples.stream().map(TaggedText::words).toList());
            List<TaggedTokens> learned = new ArrayList<>(all.size());
            for (int i = 0; i < all.size(); i++) {
                learned.add(learned(all.get(i), examples.get(i), i));
            }
            return learned;
        }

        private TaggedTokens learned(TagWindows windows, TaggedText example, int number) {
            int[] flat = labels(windows, example, number);
            int[][] ids = windows.sequences().toArray(int[][]::new);
            int[][] labels = new int[ids.length][];
            int start = 0;
            for (int w = 0; w < ids.length; w++) {
                labels[w] = Arrays.copyOfRange(flat, start, start + ids[w].length);
                start += ids[w].length;
            }
            return new TaggedTokens(ids, labels);
        }

        /** The label of each token of all windows of a text. */
        private int[] labels(TagWindows windows, TaggedText example, int number) {
            int[] labels = new int[windows.length()];
            Arrays.fill(labels, TaggedTokens.IGNORED);
            List<String> tags = scheme.tags(windows.words().words().size(), example.tagged());
            for (int w = 0; w < tags.size(); w++) {
                int[] rows = windows.rowsOf(w, task.subWords);
                String tag = tags.get(w);
                boolean isOutside = tag.equals(TagScheme.OUTSIDE);
                if (rows.length == 0 && !isOutside) {
                    TextWords.Word word = windows.words().words().get(w);
                    throw new IllegalArgumentException("spans: each must have a token, found none for the word at "
                            + word.start() + " to " + word.end() + " of text " + number + ", tagged " + tag);
                }
                if (isOutside && !task.labels.names().contains(tag)) {
                    continue;
                }
                int label = task.labels.id(tag);
                for (int row : rows) {
                    // A token of several words has the tag of the first one.
                    if (labels[row] == TaggedTokens.IGNORED) {
                        labels[row] = label;
                    }
                }
            }
            return labels;
        }

        /**
         * {@inheritDoc}
         *
         * @param outputs the outputs of the network {@code [tokens, labels]}
         */
        @Override
        public List<TextTags> read(List<TextWords> asked, INDArray outputs) {
            double[][] probabilities = outputs.toDoubleMatrix();
            for (double[] row : probabilities) {
                Softmax.inPlace(row);
            }
            List<TextTags> answers = new ArrayList<>(asked.size());
            int start = 0;
            for (TagWindows windows : windows(asked)) {
                answers.add(read(windows, probabilities, start));
                start += windows.length();
            }
            return answers;
        }

        private TextTags read(TagWindows windows, double[][] probabilities, int start) {
            TextWords text = windows.words();
            List<TextTags.Word> words = new ArrayList<>();
            List<String> tags = new ArrayList<>();
            for (int w = 0; w < text.words().size(); w++) {
                TextWords.Word word = text.words().get(w);
                int[] rows = windows.rowsOf(w, task.subWords);
                double[] mean = new double[task.labels.count()];
                for (int row : rows) {
                    for (int k = 0; k < mean.length; k++) {
                        mean[k] += probabilities[start + row][k] / rows.length;
                    }
                }
                int best = best(mean);
                // A word without a token is nothing.
                String tag = rows.length == 0 ? TagScheme.OUTSIDE : task.labels.name(best);
                words.add(new TextTags.Word(word.start(), word.end(), tag, mean[best]));
                tags.add(windows.sharesToken(w) ? scheme.continuing(tag) : tag);
            }
            List<TextTags.Span> spans = new ArrayList<>();
            for (TagSpan run : scheme.spans(tags)) {
                int from = words.get(run.start()).start();
                int to = words.get(run.end() - 1).end();
                double score = words.subList(run.start(), run.end()).stream()
                        .mapToDouble(TextTags.Word::score)
                        .average()
                        .orElseThrow();
                spans.add(new TextTags.Span(
                        from, to, run.label(), score, text.text().substring(from, to)));
            }
            return new TextTags(text.text(), words, spans);
        }

        private static int best(double[] values) {
            int best = 0;
            for (int k = 1; k < values.length; k++) {
                best = values[k] > values[best] ? k : best;
            }
            return best;
        }

        @Override
        public int maxTokens() {
            return tokens.tokenizer().maxTokens();
        }
    }
}
