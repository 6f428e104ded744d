/**
 * What changes the effective value of a weight, and the interfaces that such an update implements for passes. Not part of
 * the API: it can change in any release.
 */
@NullMarked
package org.lora4j.nn.parametrization.internal;

import org.jspecify.annotations.NullMarked;
