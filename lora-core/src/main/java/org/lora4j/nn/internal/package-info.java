/**
 * How a network computes: passes, and the hooks by which a parametrization takes part in them. Not part of the API: it
 * can change in any release.
 */
@NullMarked
package org.lora4j.nn.internal;

import org.jspecify.annotations.NullMarked;
