/** Names of adapters, the native backend, and what the modules of this project share. Not part of the API: any release can change it. */
@NullMarked
package org.lora4j.internal;

import org.jspecify.annotations.NullMarked;
