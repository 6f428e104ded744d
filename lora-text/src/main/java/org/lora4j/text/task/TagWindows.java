package org.lora4j.text.task;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.tokens.TextWords;
import org.lora4j.text.tokens.TokenOffsets;

/**
 * The tokens of a text in windows that a model takes, and where each word lies in them. A text within the limit is one window. Otherwise a
 * window overlaps the one before it by a quarter, or a little more so that it begins with a word; and a token counts in the window in which
 * it has the most context: the most tokens on its shorter side, of which an end of the text has enough. A decoder sees what is before a
 * token alone, so only that side counts there.
 */
final class TagWindows {
    private static final int OVERLAP = 4;

    private final TextWords words;
    private final int[] ids;

    /** The first of the tokens that are of the text; the special ones are before and behind. */
    private final int first;

    private final int count;

    /** The tokens of each word, from its first one to the one behind its last, numbered from 0 in the text. */
    private final int[][] tokensOfWord;

    private final List<int[]> windows = new ArrayList<>();

    /** The row of the output of each token of the text, if the first window is at 0. */
    private final int[] rows;

    private final int length;

    private TagWindows(TextWords words, TokenOffsets tokens, int most, boolean isCausal) {
        this.words = words;
        ids = tokens.ids();
        first = firstOfText(tokens);
        count = endOfText(tokens) - first;
        tokensOfWord = tokensOfWords(tokens);
        int room = most - (ids.length - count);
        divide(room);
        rows = new int[count];
        int special = ids.length - count;
        int start = 0;
        double[] context = new double[count];
        for (int[] window : windows) {
            for (int t = window[0]; t < window[1]; t++) {
                double before = window[0] == 0 ? Double.POSITIVE_INFINITY : t - window[0];
                double behind = window[1] == count || isCausal ? Double.POSITIVE_INFINITY : window[1] - 1 - t;
                double found = 1 + Math.min(before, behind);
                if (found > context[t]) {
                    context[t] = found;
                    rows[t] = start + first + t - window[0];
                }
            }
            start += window[1] - window[0] + special;
        }
        length = start;
    }

    /**
     * Makes the windows.
     *
     * @param tokens the tokenizer with the limit of a window
     * @param isCausal whether the model sees what is before a token alone
     */
    static TagWindows of(TextWords words, TextTokens tokens, boolean isCausal) {
        return new TagWindows(
                words, tokens.offsets(words.text()), tokens.tokenizer().maxTokens(), isCausal);
    }

    private static int firstOfText(TokenOffsets tokens) {
        int at = 0;
        while (at < tokens.size() && tokens.isSpecial(at)) {
            at++;
        }
        return at;
    }

    private static int endOfText(TokenOffsets tokens) {
        int at = tokens.size();
        while (at > 0 && tokens.isSpecial(at - 1)) {
            at--;
        }
        // A text without tokens has special ones alone.
        return Math.max(at, firstOfText(tokens));
    }

    /** A token can hold the space before a word, and several short words; it belongs to all words that it has a part of. */
    private int[][] tokensOfWords(TokenOffsets tokens) {
        String text = words.text();
        int[][] found = new int[words.words().size()][2];
        int token = 0;
        for (int w = 0; w < found.length; w++) {
            TextWords.Word word = words.words().get(w);
            while (token < count && endOf(tokens, token, text) <= word.start()) {
                token++;
            }
            int end = token;
            while (end < count && startOf(tokens, end, text) < word.end()) {
                end++;
            }
            found[w][0] = token;
            found[w][1] = end;
        }
        return found;
    }

    /** Where a token begins without the spaces in it. A token of no part of the text is where the one before it ends. */
    private int startOf(TokenOffsets tokens, int token, String text) {
        int at = tokens.start(first + token);
        int end = tokens.end(first + token);
        while (at >= 0 && at < end && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private int endOf(TokenOffsets tokens, int token, String text) {
        int start = startOf(tokens, token, text);
        int at = tokens.end(first + token);
        while (at > start && Character.isWhitespace(text.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    private void divide(int room) {
        boolean[] beginsWord = new boolean[count + 1];
        for (int[] word : tokensOfWord) {
            beginsWord[word[0]] = word[1] > word[0];
        }
        int start = 0;
        int end = Math.min(count, room);
        windows.add(new int[] {start, end});
        while (end < count) {
            int latest = Math.max(start + 1, end - room / OVERLAP);
            int begin = latest;
            while (begin > start + 1 && !beginsWord[begin]) {
                begin--;
            }
            // A word that fills a window is divided.
            start = beginsWord[begin] ? begin : latest;
            end = Math.min(count, start + room);
            windows.add(new int[] {start, end});
        }
    }

    boolean hasTokens() {
        return count > 0;
    }

    TextWords words() {
        return words;
    }

    /** The tokens of all windows, with the special ones. */
    List<int[]> sequences() {
        List<int[]> all = new ArrayList<>();
        for (int[] window : windows) {
            int length = window[1] - window[0];
            int[] tokens = new int[length + ids.length - count];
            System.arraycopy(ids, 0, tokens, 0, first);
            System.arraycopy(ids, first + window[0], tokens, first, length);
            System.arraycopy(ids, first + count, tokens, first + length, ids.length - first - count);
            all.add(tokens);
        }
        return all;
    }

    /** The number of tokens of all windows. */
    int length() {
        return length;
    }

    /**
     * Returns the rows of the output in which a word counts, if that of the first window begins at 0.
     *
     * @return none for a word without a token
     */
    int[] rowsOf(int word, Tag.SubWords counted) {
        int from = tokensOfWord[word][0];
        int to = counted == Tag.SubWords.FIRST ? Math.min(from + 1, tokensOfWord[word][1]) : tokensOfWord[word][1];
        int[] found = new int[to - from];
        for (int i = 0; i < found.length; i++) {
            found[i] = rows[from + i];
        }
        return found;
    }

    /** Whether a word begins with the token with which the one before it begins. */
    boolean sharesToken(int word) {
        return word > 0
                && tokensOfWord[word][1] > tokensOfWord[word][0]
                && tokensOfWord[word][0] == tokensOfWord[word - 1][0];
    }
}
