/** How a network computes: a pass for each kind of layer, and the chain that runs them. Not part of the API: it can change in any release. */
@NullMarked
package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.NullMarked;
