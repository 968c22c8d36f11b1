# cmake -DOUTPUT=recipe_files.cc "-DFILES=a.toml;b.toml" -P embed.cmake: the recipes as string literals.
set(text "#include \"fovea/train/recipe_files.h\"\n\nnamespace fovea {\nnamespace {\nconstexpr RecipeFile files[] = {\n")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} content)
  string(APPEND text "    {\"${name}\", R\"recipe(${content})recipe\"},\n")
endforeach()
string(APPEND text "};\n}  // namespace\nconst std::span<const RecipeFile> recipe_files = files;\n}  // namespace fovea\n")
file(WRITE ${OUTPUT} "${text}")
