// SPDX-License-Identifier: Apache-2.0
// Exists so that the precompiled header of CMakeLists.txt belongs to a target.
