/** What layers multiply with. Not part of the API: it can change in any release. */
@NullMarked
package org.lora4j.nn.weight.internal;

import org.jspecify.annotations.NullMarked;
