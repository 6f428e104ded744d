package org.lora4j.text.tokens.internal;

import java.util.Arrays;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The pieces of a word, of which neighbours are joined one pair after the other: always the pair of the best rank, and of those the
 * leftmost.
 */
final class Symbols {
    /** Says how soon a pair is joined. */
    interface Ranks {
        /** The rank of a pair, the smallest first; infinite if it is not joined. */
        double rank(String left, String right);
    }

    /** A pair that can be joined, unless one of its pieces has changed. */
    private record Pair(double rank, int left, int right, int length) implements Comparable<Pair> {
        @Override
        public int compareTo(Pair other) {
            int byRank = Double.compare(rank, other.rank);
            return byRank == 0 ? Integer.compare(left, other.left) : byRank;
        }
    }

    private final String word;
    private final Ranks ranks;

    /** Where each piece begins and ends; one that was joined with the piece before it ends where it begins. */
    private final int[] starts;

    private final int[] ends;
    private final int[] next;
    private final int[] previous;
    private final PriorityQueue<Pair> pairs = new PriorityQueue<>();

    private Symbols(String word, int[] starts, Ranks ranks) {
        this.word = word;
        this.ranks = ranks;
        this.starts = starts;
        int count = starts.length;
        ends = Arrays.copyOfRange(starts, 1, count + 1);
        ends[count - 1] = word.length();
        next = new int[count];
        previous = new int[count];
        for (int i = 0; i < count; i++) {
            next[i] = i + 1 < count ? i + 1 : -1;
            previous[i] = i - 1;
        }
    }

    /**
     * Joins the characters of a word.
     *
     * @return the pieces that are left
     */
    static String[] join(String word, Ranks ranks) {
        if (word.isEmpty()) {
            return new String[0];
        }
        int[] starts = new int[word.codePointCount(0, word.length())];
        for (int i = 0, at = 0; i < starts.length; i++) {
            starts[i] = at;
            at += Character.charCount(word.codePointAt(at));
        }
        Symbols symbols = new Symbols(word, starts, ranks);
        symbols.join();
        return symbols.pieces();
    }

    private String piece(int i) {
        return word.substring(starts[i], ends[i]);
    }

    private void join() {
        for (int i = 0; i >= 0; i = next[i]) {
            add(i, next[i]);
        }
        @Nullable Pair pair = pairs.poll();
        while (pair != null) {
            int left = pair.left();
            int right = pair.right();
            boolean isThere = ends[left] > starts[left]
                    && ends[right] > starts[right]
                    && next[left] == right
                    && ends[right] - starts[left] == pair.length();
            if (isThere) {
                ends[left] = ends[right];
                ends[right] = starts[right];
                next[left] = next[right];
                if (next[right] >= 0) {
                    previous[next[right]] = left;
                }
                add(previous[left], left);
                add(left, next[left]);
            }
            pair = pairs.poll();
        }
    }

    private void add(int left, int right) {
        if (left < 0 || right < 0) {
            return;
        }
        double rank = ranks.rank(piece(left), piece(right));
        if (rank < Double.POSITIVE_INFINITY) {
            pairs.add(new Pair(rank, left, right, ends[right] - starts[left]));
        }
    }

    private String[] pieces() {
        String[] pieces = new String[starts.length];
        int count = 0;
        for (int i = 0; i >= 0; i = next[i]) {
            pieces[count++] = piece(i);
        }
        return Arrays.copyOf(pieces, count);
    }
}
