package org.lora4j.text.task.internal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Finds the minimum of a smooth convex function by L-BFGS (Liu and Nocedal, 1989): Newton's direction from the last ten changes of the
 * gradient, and a step along it that is halved until it goes down enough (Armijo's rule). It is the same for the same function and
 * start.
 */
public final class Lbfgs {
    private static final int MEMORY = 10;
    private static final int MOST_STEPS = 500;
    private static final int MOST_HALVINGS = 40;
    private static final double ENOUGH = 1e-4;
    /** It ends when no element of the gradient is larger, */
    private static final double SMALL_GRADIENT = 1e-6;
    /** or when a step lowers the value by no larger share. */
    private static final double SMALL_GAIN = 1e-9;

    private Lbfgs() {}

    /** A function with its gradient. */
    public interface Function {
        /**
         * Computes the function.
         *
         * @param x where
         * @param gradient gets the gradient there
         * @return the value there
         */
        double at(double[] x, double[] gradient);
    }

    /** The difference of two points, and of their gradients. */
    private static final class Change {
        final double[] x;
        final double[] gradient;
        final double product;

        Change(double[] x, double[] gradient) {
            this.x = x;
            this.gradient = gradient;
            product = dot(x, gradient);
        }
    }

    /**
     * Finds the minimum.
     *
     * @param function the function
     * @param start where to begin; it is not changed
     * @return where the minimum is
     */
    public static double[] minimum(Function function, double[] start) {
        double[] x = start.clone();
        double[] gradient = new double[x.length];
        double value = function.at(x, gradient);
        Deque<Change> changes = new ArrayDeque<>();
        for (int step = 0; step < MOST_STEPS && largest(gradient) > SMALL_GRADIENT; step++) {
            double[] direction = direction(gradient, changes);
            double slope = dot(gradient, direction);
            double[] next = x;
            double[] nextGradient = new double[x.length];
            double nextValue = Double.POSITIVE_INFINITY;
            double length = 1;
            for (int i = 0; i < MOST_HALVINGS && !(nextValue <= value + ENOUGH * length * slope); i++) {
                length = i == 0 ? 1 : length / 2;
                next = x.clone();
                add(length, direction, next);
                nextValue = function.at(next, nextGradient);
            }
            if (!(nextValue < value)) {
                return x;
            }
            remember(changes, new Change(difference(next, x), difference(nextGradient, gradient)));
            boolean done = value - nextValue <= SMALL_GAIN * Math.abs(value);
            x = next;
            gradient = nextGradient;
            value = nextValue;
            if (done) {
                return x;
            }
        }
        return x;
    }

    /** Returns −H·g, with the inverse H of the second derivative that the changes give. */
    private static double[] direction(double[] gradient, Deque<Change> changes) {
        double[] direction = gradient.clone();
        double[] shares = new double[changes.size()];
        Iterator<Change> newestFirst = changes.descendingIterator();
        for (int i = changes.size() - 1; i >= 0; i--) {
            Change change = newestFirst.next();
            shares[i] = dot(change.x, direction) / change.product;
            add(-shares[i], change.gradient, direction);
        }
        Change last = changes.peekLast();
        scale(
                last == null
                        ? -1 / Math.max(1, Math.sqrt(dot(gradient, gradient)))
                        : -last.product / dot(last.gradient, last.gradient),
                direction);
        int i = 0;
        for (Change change : changes) {
            double share = dot(change.gradient, direction) / change.product;
            add(-shares[i++] - share, change.x, direction);
        }
        return direction;
    }

    private static void remember(Deque<Change> changes, Change change) {
        if (change.product > 0) {
            changes.addLast(change);
            if (changes.size() > MEMORY) {
                changes.removeFirst();
            }
        }
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static void add(double factor, double[] values, double[] target) {
        for (int i = 0; i < target.length; i++) {
            target[i] += factor * values[i];
        }
    }

    private static void scale(double factor, double[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
    }

    private static double[] difference(double[] a, double[] b) {
        double[] difference = a.clone();
        add(-1, b, difference);
        return difference;
    }
}
