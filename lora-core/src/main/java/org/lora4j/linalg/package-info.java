/**
 * Matrix factorizations: the singular value decomposition, the thin QR decomposition, and low-rank factors.
 *
 * <p>All functions take matrices of type {@code FLOAT} or {@code DOUBLE}, in any memory order and with any strides. They
 * never write to their arguments. They calculate in the type of the matrix. Results have this type; they are new,
 * contiguous arrays in 'c' order. On one machine with a fixed number of BLAS threads, the same input gives the same
 * bits.
 *
 * <pre>{@code
 * Svd svd = Svd.thin(w);                                        // w [m, n]
 * LowRankFactors factors = svd.factors(8);                      // B [m, 8] and A [8, n]
 * double missed = svd.relativeError(8);                         // from 0 to 1
 * }</pre>
 */
@NullMarked
package org.lora4j.linalg;

import org.jspecify.annotations.NullMarked;
