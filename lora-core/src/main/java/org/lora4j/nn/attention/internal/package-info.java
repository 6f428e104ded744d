/** The heads of an attention: scores, weights, contexts and their gradients. Not part of the API: it can change in any release. */
@NullMarked
package org.lora4j.nn.attention.internal;

import org.jspecify.annotations.NullMarked;
