# What `cmake --install` installs, and the Debian package (./dev package).
include(GNUInstallDirs)

if(NOT TARGET holdfast OR NOT TARGET holdfastd)
  return()
endif()

install(TARGETS holdfast RUNTIME DESTINATION bin)
install(TARGETS holdfastd RUNTIME DESTINATION sbin)
install(FILES "${CMAKE_SOURCE_DIR}/deploy/systemd/holdfastd.service" DESTINATION /lib/systemd/system)
install(FILES "${CMAKE_SOURCE_DIR}/deploy/holdfast.toml" DESTINATION /etc/holdfast)
install(FILES "${CMAKE_SOURCE_DIR}/README.md" "${CMAKE_SOURCE_DIR}/SECURITY.md"
  "${CMAKE_SOURCE_DIR}/deploy/debian/copyright" DESTINATION share/doc/holdfast)
install(DIRECTORY "${CMAKE_SOURCE_DIR}/docs/" DESTINATION share/doc/holdfast FILES_MATCHING PATTERN "*.md")
install(FILES "${CMAKE_SOURCE_DIR}/deploy/holdfast.toml.example" DESTINATION share/doc/holdfast OPTIONAL)
file(GLOB man_pages "${CMAKE_SOURCE_DIR}/docs/man/*.[1-8]")
foreach(page ${man_pages})
  get_filename_component(section "${page}" LAST_EXT)
  string(SUBSTRING "${section}" 1 1 section)
  install(FILES "${page}" DESTINATION share/man/man${section})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME holdfast)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "SMB 2 and 3 file server")
set(CPACK_PACKAGE_DESCRIPTION
"Serves directories to Windows, macOS and Linux clients over SMB 2.0.2 to 3.1.1.
The command holdfast serves a directory at once and administers a running
server; the daemon holdfastd runs from a configuration file.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "Holdfast contributors <holdfast@localhost>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${CMAKE_SOURCE_DIR}/deploy/debian/conffiles" "${CMAKE_SOURCE_DIR}/deploy/debian/postinst"
  "${CMAKE_SOURCE_DIR}/deploy/debian/prerm" "${CMAKE_SOURCE_DIR}/deploy/debian/postrm")
include(CPack)
