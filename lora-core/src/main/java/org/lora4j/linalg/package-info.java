/**
 * Matrix factorizations: the singular value decomposition, the thin QR decomposition, and low-rank factors.
 *
 * <p>All functions take matrices of type {@code FLOAT} or {@code DOUBLE}, in any memory order and with any strides. They
 * never write to their arguments. They calculate in the type of the matrix. Results have this type; they are new,
 * contiguous arrays in 'c' order. On one machine with a fixed number of BLAS threads, the same input gives the same
 * bits.
 */
@NullMarked
package org.lora4j.linalg;

import org.jspecify.annotations.NullMarked;
