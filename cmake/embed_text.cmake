# SPDX-License-Identifier: Apache-2.0
# cmake -DOUTPUT=x.cc -DINPUT=x.toml -DHEADER=fovea/folder/x.h -DVARIABLE=x -P embed_text.cmake: a file as the std::string_view that
# HEADER declares. A string literal may be no longer than 64 KiB by the standard; compilers here take more.
file(READ ${INPUT} content)
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\nnamespace fovea {\nconst std::string_view ${VARIABLE} = R\"text(${content})text\";\n}  // namespace fovea\n")
