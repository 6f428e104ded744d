/**
 * The adapters of a model: applied to its network, kept by name, chosen for a prediction or a training. Not API.
 */
@NullMarked
package org.lora4j.model.internal;

import org.jspecify.annotations.NullMarked;
